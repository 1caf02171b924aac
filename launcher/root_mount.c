#include "root_mount.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "layer.h"
#include "mount_calls.h"
#include "root_attempt.h"
#include "root_namespace.h"
#include "root_old.h"
#include "root_overlay.h"
#include "root_place.h"
#include "root_sources.h"

const char *const root_method_names[N_ROOT_METHODS] = {
	[ROOT_NONE] = "none",
	[ROOT_DETACHED] = "detached mounts",
	[ROOT_NAMESPACE] = "mount namespace",
	[ROOT_OLD_NAMESPACE] = "mount namespace by mount(2)",
	[ROOT_ATTACHED] = "mounts attached for a moment",
	[ROOT_CHROOT] = "chroot",
};

static void set_fd(int *place, int fd)
{
	if (*place >= 0)
		close(*place);
	*place = fd;
}

/*
 * A mount that is detached already, and ours alone, cannot be copied before
 * Linux 6.15, and need not be.
 */
static int copy_root(struct root_attempt *attempt)
{
	int fd = mount_clone(attempt->view->root_fd, false);

	if (fd == -EINVAL) {
		fd = fcntl(attempt->view->root_fd, F_DUPFD_CLOEXEC, 3);
		fd = fd < 0 ? -errno : fd;
	}
	if (fd < 0)
		return ROOT_FAIL(attempt, STEP_COPY, fd);
	attempt->root = fd;
	return root_set_flags(attempt, fd, root_flags(attempt->view));
}

/* All of it, as long as we are where the sources are. */
static int make_mounts(struct root_attempt *attempt)
{
	int error = copy_root(attempt);
	size_t i;

	if (error == 0)
		error = root_upper_make(attempt);
	for (i = 0; error == 0 && i < attempt->view->n; i++) {
		attempt->mounts[i] =
			root_place_make(attempt, &attempt->view->places[i]);
		if (attempt->mounts[i] < 0)
			error = attempt->mounts[i];
	}
	return error;
}

/* --- the methods */

/*
 * What the namespace's own root will be: an empty place.  The jail's root is
 * mounted in it, and entered by chroot(): a process whose root is not that of
 * its namespace can make no user namespace, and one that leaves the chroot
 * finds nothing.
 */
static int make_base(struct root_attempt *attempt)
{
	static const char *const names[] = {"root", "lower", "upper"};
	const struct mount_option options[] = {{"size", "4096"},
					       {"nr_inodes", "8"},
					       {"mode", "0700"},
					       {NULL, NULL}};
	size_t i;

	attempt->base = mount_make("tmpfs", options,
				   MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
					   MOUNT_ATTR_NOEXEC);
	if (attempt->base < 0)
		return ROOT_FAIL(attempt, STEP_TMPFS, attempt->base);
	for (i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (mkdirat(attempt->base, names[i], 0700) < 0)
			return ROOT_FAIL(attempt, STEP_TMPFS, -errno);
	return 0;
}

static int fill_namespace(struct root_attempt *attempt)
{
	int error = ROOT_FAIL(attempt, STEP_ATTACH,
			      mount_attach(attempt->base, AT_FDCWD, "/"));

	if (error == 0)
		error = root_cover(attempt);
	if (error == 0)
		error = ROOT_FAIL(
			attempt, STEP_ATTACH,
			mount_attach(attempt->root, attempt->base, "root"));
	if (error == 0)
		error = root_places_attach(attempt);
	return error < 0 ? error : root_namespace_pivot(attempt);
}

static int by_namespace(struct root_attempt *attempt)
{
	int error = make_mounts(attempt), restored = 0;
	struct root_origin origin;

	if (error == 0)
		error = make_base(attempt);
	if (error < 0)
		return error;
	root_origin_take(&origin);
	error = root_namespace_enter(attempt, &origin);
	if (error == 0)
		error = fill_namespace(attempt);
	if (error < 0)
		restored = root_namespace_leave(attempt, &origin);
	root_origin_free(&origin);
	return restored < 0 ? restored : error;
}

static int by_detached(struct root_attempt *attempt)
{
	int error = make_mounts(attempt);

	if (error == 0)
		error = root_cover(attempt);
	return error < 0 ? error : root_places_attach(attempt);
}

/* The last resort. */
static int by_chroot(struct root_attempt *attempt)
{
	attempt->root = fcntl(attempt->view->root_fd, F_DUPFD_CLOEXEC, 3);
	return ROOT_FAIL(attempt, STEP_ENTER, attempt->root < 0 ? -errno : 0);
}

static const struct method {
	enum root_method method;
	bool has_mounts;
	int (*make)(struct root_attempt *attempt);
} methods[] = {
	{ROOT_DETACHED, true, by_detached}, /* a copy of no namespace */
	{ROOT_NAMESPACE, true, by_namespace}, /* nothing of the host is left */
	/* the same on kernels before 5.2 */
	{ROOT_OLD_NAMESPACE, true, root_by_old_namespace},
	/* for a moment root can see it */
	{ROOT_ATTACHED, true, root_by_process},
	{ROOT_CHROOT, false, by_chroot}, /* nothing is bounded */
};

static int try_method(const struct method *method, const struct root_view *view,
		      struct root_sources *sources,
		      struct root_attempt *attempt)
{
	size_t i;
	int error;

	*attempt = (struct root_attempt){.view = view,
					 .sources = sources,
					 .base = -1,
					 .root = -1,
					 .upper = -1};
	attempt->mounts = calloc(view->n + 1, sizeof(*attempt->mounts));
	if (!attempt->mounts)
		return ROOT_FAIL(attempt, STEP_COPY, -ENOMEM);
	for (i = 0; i < view->n; i++)
		attempt->mounts[i] = -1;
	error = method->make(attempt);
	for (i = 0; i < view->n; i++)
		set_fd(&attempt->mounts[i], -1);
	free(attempt->mounts);
	set_fd(&attempt->base, -1);
	set_fd(&attempt->upper, -1);
	if (error < 0)
		set_fd(&attempt->root, -1);
	return error;
}

static int try_methods(const struct root_view *view,
		       struct root_sources *sources, struct root_choice *choice,
		       int *tree)
{
	int failure = 0; /* of the first method: it is the one to mend */
	size_t i;

	for (i = 0; i < sizeof(methods) / sizeof(*methods); i++) {
		const struct method *method = &methods[i];
		struct root_attempt attempt;
		int error;

		if (method->has_mounts ? !view->has_mounts : !view->may_chroot)
			continue;
		if (view->is_rootless && method->method != ROOT_OLD_NAMESPACE)
			continue;
		if (!view->is_rootless && view->needs_namespace &&
		    method->method != ROOT_NAMESPACE)
			continue;
		error = try_method(method, view, sources, &attempt);
		if (error == 0) {
			*tree = attempt.root;
			choice->used = method->method;
			choice->keeps_old_root = attempt.keeps_old_root;
			choice->proc = attempt.proc;
			return 0;
		}
		choice->passed[method->method].step = attempt.step;
		choice->passed[method->method].error = -error;
		if (failure == 0 || !mount_is_missing(-error))
			failure = layer_failed(attempt.step, -error);
		if (!mount_is_missing(-error))
			break;
	}
	return failure;
}

int root_mount(const struct root_view *view, struct root_choice *choice,
	       int *tree)
{
	struct root_sources sources = {0};
	int error = try_methods(view, &sources, choice, tree);

	root_sources_free(&sources);
	return error;
}
