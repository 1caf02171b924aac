/*
 * ids: groups, gid, uid, for good: then root is tried again and must be
 * refused.  The start directory is entered as the user, so that it cannot be
 * one that he could not enter himself.
 */
#include "../layer.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../spec.h"

enum step {
	STEP_KEEP,
	STEP_GROUPS,
	STEP_GID,
	STEP_UID,
	STEP_SHOWN_GID,
	STEP_SHOWN_UID,
	STEP_PARENT,
	STEP_DIRECTORY,
};
static const char *const steps[] = {
	"keep capabilities for --ambient-caps",
	"set the groups",
	"set the gid",
	"set the uid",
	"give up the old gid (it could be regained)",
	"give up the old uid (it could be regained)",
	"keep the tie to the parent",
	"enter the start directory",
	NULL};

static const char *ids_describe(const struct jail_spec *spec)
{
	return spec->own_uid ? "acting as anyone but the jail's user, whose "
			       "uid (of --uid-pool) nobody else has"
			     : layer_ids.denies;
}

/* Raw calls: the C library's would signal every thread of the process. */
static int set_ids(const struct jail_spec *spec)
{
	const struct jail_user *user = &spec->user;

	/* Those that are permitted; caps chooses of them.  None is in effect. */
	if (spec->ambient_caps && prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
		return layer_failed(STEP_KEEP, errno);
	/* A user namespace of who is not root keeps the caller's. */
	if (!namespaces_are_rootless(&spec->namespaces) &&
	    syscall(SYS_setgroups, user->n_groups, user->groups) < 0)
		return layer_failed(STEP_GROUPS, errno);
	if (syscall(SYS_setresgid, user->gid, user->gid, user->gid) < 0)
		return layer_failed(STEP_GID, errno);
	if (syscall(SYS_setresuid, user->uid, user->uid, user->uid) < 0)
		return layer_failed(STEP_UID, errno);
	return 0;
}

static int show_ids_are_gone(const struct jail_user *user)
{
	if (user->uid == 0)
		return 0; /* --allow-root */
	if (syscall(SYS_setresuid, -1, 0, -1) == 0)
		return layer_failed(STEP_SHOWN_UID, EPERM);
	if (user->gid != 0 && syscall(SYS_setresgid, -1, 0, -1) == 0)
		return layer_failed(STEP_SHOWN_GID, EPERM);
	return 0;
}

/* A change of uid ends the tie; if the parent died meanwhile, so do we. */
static int tie_to_parent(pid_t parent)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		return layer_failed(STEP_PARENT, errno);
	return getppid() == parent ? 0 : layer_failed(STEP_PARENT, ESRCH);
}

static int ids_apply(const void *state)
{
	const struct jail_spec *spec = state;
	pid_t parent = getppid();
	int error = set_ids(spec);

	if (error == 0)
		error = show_ids_are_gone(&spec->user);
	if (error == 0 && !spec->in_place)
		error = tie_to_parent(parent);
	if (error == 0 && spec->start_here && chdir(spec->start_here) == 0)
		return 0;
	if (error == 0 && chdir(spec->workdir) < 0)
		error = layer_failed(STEP_DIRECTORY, errno);
	return error;
}

static void ids_name_step(const struct jail_spec *spec, unsigned step,
			  char *out, size_t size)
{
	const bool is_directory = step == STEP_DIRECTORY;

	snprintf(out, size, "%s%s%s", steps[step], is_directory ? " " : "",
		 is_directory ? spec->workdir : "");
}

const struct layer layer_ids = {
	.name = "ids",
	.denies = "acting as anyone but the jail's user",
	.describe = ids_describe,
	.steps = steps,
	.name_step = ids_name_step,
	.prepare = layer_keep_spec,
	.apply = ids_apply,
};
