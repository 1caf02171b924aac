/*
 * seccomp: the system calls that remain.  The filter is chosen (or, when it
 * was amended, compiled) before the child exists; the child only loads it.
 */
#include "../layer.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../policy_load.h"
#include "../spec.h"

static const char *const steps[] = {"load the filter", NULL};

struct state {
	struct sock_fprog program;
	void *owned;
};

static int seccomp_probe(const struct jail_spec *spec, struct err *err)
{
	if (spec->seccomp)
		return 1;
	err_set(err, ERR_NONE,
		"-I: every system call is allowed, sockets of "
		"the host's network among them");
	return 0;
}

/*
 * Abstract AF_UNIX names cross a chroot: unless Landlock keeps them apart, no
 * socket of that family can be made (those with a path are lost, too).
 */
static unsigned features(const struct jail_spec *spec)
{
	return (spec->net_host ? POLICY_NET_HOST : 0) |
	       (landlock_has_scopes(&spec->landlock) ? POLICY_UNIX : 0);
}

static int seccomp_prepare(const struct jail_spec *spec, void **out,
			   struct err *err)
{
	struct policy_request request = {
		.name = spec->seccomp,
		.features = features(spec),
		.allow = spec->allow.items,
		.n_allow = spec->allow.n,
		.deny = spec->deny.items,
		.n_deny = spec->deny.n,
		.deny_action = spec->deny_action,
		.caps = spec->caps,
	};
	struct state *state = calloc(1, sizeof(*state));

	if (!state)
		return err_sys(err, ENOMEM, "seccomp");
	*out = state;
	return policy_load(&request, &state->program, &state->owned, err);
}

static int seccomp_apply(const void *opaque)
{
	const struct state *state = opaque;

	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &state->program) <
	    0)
		return -errno;
	return 0;
}

static void seccomp_release(void *opaque)
{
	struct state *state = opaque;

	if (state)
		free(state->owned);
	free(state);
}

const struct layer layer_seccomp = {
	.name = "seccomp",
	.denies =
		"system calls that attack the kernel, the host or other jails",
	.steps = steps,
	.probe = seccomp_probe,
	.prepare = seccomp_prepare,
	.apply = seccomp_apply,
	.release = seccomp_release,
};
