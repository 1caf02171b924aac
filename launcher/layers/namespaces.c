/*
 * namespaces: what others have and the jail does not see: their processes, IPC
 * objects, host name, cgroups, and, if asked for, network.  Most of them the
 * keeper is born in; it is the init of the pid namespace, and when it ends the
 * kernel ends all that is in it.
 */
#include "../layer.h"

#include <errno.h>
#include <net/if.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../spec.h"
#include "../user_namespace.h"

enum step {
	STEP_NAME = N_NAMESPACES, /* after those of making each */
	STEP_LOOPBACK,
	STEP_MAP,
};
static const char *const steps[] = {
	[NAMESPACE_PID] = "make a pid namespace",
	[NAMESPACE_IPC] = "make an ipc namespace",
	[NAMESPACE_UTS] = "make a uts namespace",
	[NAMESPACE_CGROUP] = "make a cgroup namespace",
	[NAMESPACE_NET] = "make a net namespace",
	[NAMESPACE_MNT] = "make a mnt namespace",
	[NAMESPACE_USER] = "make a user namespace",
	[STEP_NAME] = "set the host name",
	[STEP_LOOPBACK] = "switch on the loopback interface",
	[STEP_MAP] = "say who the jail's user is outside (needs /proc)",
	NULL,
};

static int namespaces_probe(const struct jail_spec *spec, struct err *err)
{
	if (spec->namespaces.used)
		return 1;
	err_set(err, ERR_NONE, "%s", spec->namespaces.why_not);
	return 0;
}

static const char *namespaces_describe(const struct jail_spec *spec)
{
	return spec->namespaces.denies;
}

struct state {
	const struct jail_spec *spec;
	struct user_map map;
};

static int namespaces_prepare(const struct jail_spec *spec, void **out,
			      struct err *err)
{
	struct state *state = calloc(1, sizeof(*state));

	if (!state)
		return err_sys(err, ENOMEM, "namespaces");
	*out = state;
	state->spec = spec;
	user_map_make(spec->user.uid, spec->user.gid, &state->map);
	return 0;
}

static unsigned long namespaces_clone_flags(const struct jail_spec *spec)
{
	return spec->in_place ? 0 : namespaces_of_birth(&spec->namespaces);
}

static int make(const struct jail_spec *spec, enum namespace which)
{
	if (!namespaces_have(&spec->namespaces, which))
		return 0;
	return unshare((int)namespace_rows[which].flag) < 0
		       ? layer_failed(which, errno)
		       : 0;
}

/* The --exec way: one after another, so that it shows which is lacking. */
static int make_all(const struct jail_spec *spec)
{
	int error = make(spec, NAMESPACE_IPC);

	if (error == 0)
		error = make(spec, NAMESPACE_UTS);
	if (error == 0)
		error = make(spec, NAMESPACE_NET);
	if (error == 0)
		error = make(spec, NAMESPACE_CGROUP);
	return error;
}

/*
 * A security module may let us make one and have nothing in it: then it is as
 * good as none.
 */
static int become_user(const struct state *state)
{
	int error = user_map_write(&state->map);

	if (error < 0)
		return layer_failed(STEP_MAP, -error);
	return unshare(CLONE_NEWNS) < 0 ? layer_failed(NAMESPACE_USER, errno)
					: 0;
}

static int namespaces_enter(void *opaque, struct root_choice *choice)
{
	const struct state *state = opaque;
	const struct jail_spec *spec = state->spec;
	int error = spec->in_place ? make(spec, NAMESPACE_USER) : 0;

	(void)choice;
	if (error == 0 && namespaces_are_rootless(&spec->namespaces))
		error = become_user(state);
	if (error == 0 && spec->in_place)
		error = make_all(spec);
	return error;
}

static int switch_on_loopback(void)
{
	struct ifreq request = {.ifr_name = "lo"};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), error = 0;

	if (fd < 0)
		return -errno;
	request.ifr_flags = IFF_UP;
	if (ioctl(fd, SIOCSIFFLAGS, &request) < 0)
		error = -errno;
	close(fd);
	return error;
}

static int namespaces_apply(const void *opaque)
{
	const struct jail_spec *spec = ((const struct state *)opaque)->spec;
	int error = spec->in_place ? 0 : make(spec, NAMESPACE_CGROUP);

	if (error == 0 && namespaces_have(&spec->namespaces, NAMESPACE_UTS) &&
	    sethostname(spec->hostname, strlen(spec->hostname)) < 0)
		error = layer_failed(STEP_NAME, errno);
	if (error == 0 && namespaces_have(&spec->namespaces, NAMESPACE_NET)) {
		error = switch_on_loopback();
		if (error < 0)
			error = layer_failed(STEP_LOOPBACK, -error);
	}
	return error;
}

const struct layer layer_namespaces = {
	.name = "namespaces",
	.denies = "the sight of what is others'",
	.describe = namespaces_describe,
	.steps = steps,
	.probe = namespaces_probe,
	.prepare = namespaces_prepare,
	.clone_flags = namespaces_clone_flags,
	.enter = namespaces_enter,
	.apply = namespaces_apply,
	.release = free,
};
