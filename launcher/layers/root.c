/*
 * root: the jail's directory becomes "/".  Only what is open, and the root
 * itself, can be reached from then on; fds and seccomp see to the rest.  An
 * image is read-only then, with fresh file systems on /tmp and the home
 * (root_view.h), by whichever method there is (root_mount.h).
 */
#include "../layer.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../capability.h"
#include "../root_mount.h"
#include "../spec.h"

static const char *const steps[] = {
	[STEP_ENTER] = "enter the root",
	[STEP_CHROOT] = "chroot",
	[STEP_TOP] = "change to the new root",
	[STEP_COPY] = "copy the root's mount",
	[STEP_TMPFS] = "make a tmpfs",
	[STEP_BIND] = "copy the mount of --bind",
	[STEP_DEVICES] = "make devices",
	[STEP_OVERLAY] = "make the root writable (overlay)",
	[STEP_NAMESPACE] = "make a mount namespace",
	[STEP_PRIVATE] = "make mounts private",
	[STEP_ATTACH] = "attach a mount",
	[STEP_TARGET] = "find the place of a mount in the image",
	[STEP_FLAGS] = "make a mount read-only or nosuid",
	[STEP_PLACE] = "make a place for mounts",
	[STEP_RESTORE] = "leave a mount namespace again",
	[STEP_PTS] = "make terminals (devpts)",
	[STEP_PROC] = "mount /proc",
	NULL,
};

void root_choice_why(const struct root_choice *choice, size_t method, char *out,
		     size_t size)
{
	snprintf(out, size, "%s: %s", steps[choice->passed[method].step],
		 strerror(choice->passed[method].error));
}

struct state {
	struct root_view *view;
	int tree; /* the keeper's: in our table its number is another's */
	bool has_mounts; /* so it was entered */
};

static int root_probe(const struct jail_spec *spec, struct err *err)
{
	int may = capability_is_effective(CAP_SYS_CHROOT);

	if (may < 0)
		return err_sys(err, -may, "read our capabilities");
	if (may || namespaces_are_rootless(&spec->namespaces))
		return 1;
	return err_set(err, ERR_HOST,
		       "chroot %s: Operation not permitted: only root (or "
		       "CAP_SYS_CHROOT) may; run jaillaunch as root, or leave "
		       "--ns none out: a user namespace does without",
		       spec->root_name);
}

static void root_release(void *opaque)
{
	struct state *state = opaque;

	if (!state)
		return;
	root_view_free(state->view);
	free(state);
}

static int root_prepare(const struct jail_spec *spec, void **out,
			struct err *err)
{
	struct state *state = calloc(1, sizeof(*state));

	if (!state)
		return err_sys(err, ENOMEM, "root");
	*out = state;
	state->tree = -1;
	return root_view_make(spec, &state->view, err);
}

/* The program is born in the directory that will be its root. */
static int root_enter(void *opaque, struct root_choice *choice)
{
	struct state *state = opaque;
	int error = root_mount(state->view, choice, &state->tree);

	state->has_mounts = error == 0 && choice->used != ROOT_CHROOT;
	if (error == 0 && fchdir(state->tree) < 0)
		error = layer_failed(STEP_ENTER, errno);
	return error;
}

static int root_hold(const void *opaque)
{
	const struct state *state = opaque;

	return state->has_mounts ? state->tree : -1;
}

/*
 * Who stands in a detached tree keeps it, and still it is held until the program
 * has ended.  In a tree that nobody has open any more each file that the program
 * opens costs 0.2 us more, since mntput() takes the lock of all mounts; and who
 * closes it last waits until no processor looks at it (an RCU grace period): 5 us
 * when nothing else runs, 60 beside the program.
 */
static void root_let_go(void *opaque)
{
	struct state *state = opaque;

	if (state->tree >= 0)
		close(state->tree);
	state->tree = -1;
}

static int root_lock(const void *opaque)
{
	const struct state *state = opaque;

	return state->view->persist_fd;
}

static bool root_is_full(const void *opaque)
{
	const struct state *state = opaque;

	return root_view_is_full(state->view, state->tree);
}

static int root_apply(const void *opaque)
{
	(void)opaque;
	if (chroot(".") < 0)
		return layer_failed(STEP_CHROOT, errno);
	if (chdir("/") < 0)
		return layer_failed(STEP_TOP, errno);
	return 0;
}

static void root_name_step(const struct jail_spec *spec, unsigned step,
			   char *out, size_t size)
{
	const bool is_rootless = namespaces_are_rootless(&spec->namespaces);
	const char *more = "";

	if (is_rootless && step == STEP_BIND)
		more = "; without root, only of what has no mounts below it";
	if (is_rootless && step == STEP_OVERLAY)
		more = "; without root, only of a directory without mounts "
		       "below it";
	if (is_rootless && step == STEP_DEVICES)
		more = "; without root, they are those of the host's /dev";
	snprintf(out, size, "%s%s", steps[step], more);
}

const struct layer layer_root = {
	.name = "root",
	.denies = "files outside the jail's root",
	.steps = steps,
	.name_step = root_name_step,
	.probe = root_probe,
	.prepare = root_prepare,
	.enter = root_enter,
	.apply = root_apply,
	.hold = root_hold,
	.is_full = root_is_full,
	.let_go = root_let_go,
	.lock = root_lock,
	.release = root_release,
};
