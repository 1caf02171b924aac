#include "root_overlay.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mount_calls.h"
#include "root_place.h"

/* The mount of the upper layer: a tmpfs, or the directory that was given. */
int root_upper_make(struct root_attempt *attempt)
{
	const struct root_view *view = attempt->view;
	const struct root_place whole = {.size = view->upper_size,
					 .mode = 0700};

	if (!view->is_writable)
		return 0;
	attempt->upper = view->persist_fd >= 0
				 ? mount_clone(view->persist_fd, false)
				 : root_tmpfs_make(&whole);
	return ROOT_FAIL(attempt, STEP_OVERLAY,
			 attempt->upper < 0 ? attempt->upper : 0);
}

int root_layers_make(int upper, int lower, int *up, int *work)
{
	struct stat st;

	if (fstat(lower, &st) < 0)
		return -errno;
	if ((mkdirat(upper, "upper", 0700) < 0 && errno != EEXIST) ||
	    (mkdirat(upper, "work", 0700) < 0 && errno != EEXIST))
		return -errno;
	*up = openat(upper, "upper",
		     O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	*work = openat(upper, "work",
		       O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	/* Who cannot give it away has it. */
	if (*up < 0 || *work < 0 ||
	    (fchown(*up, st.st_uid, st.st_gid) < 0 &&
	     !(geteuid() != 0 && (errno == EINVAL || errno == EPERM))) ||
	    fchmod(*up, st.st_mode & 07777) < 0)
		return -errno;
	return 0;
}

/* Layers that are nowhere have paths only where /proc is. */
static int make_overlay(int lower, int upper, unsigned flags)
{
	auto_close int up = -1, work = -1;
	char lower_path[32], up_path[32], work_path[32];
	const struct mount_option options[] = {{"lowerdir", lower_path},
					       {"upperdir", up_path},
					       {"workdir", work_path},
					       {NULL, NULL}};
	int error = root_layers_make(upper, lower, &up, &work);

	if (error < 0)
		return error;
	mount_fd_path(lower, lower_path);
	mount_fd_path(up, up_path);
	mount_fd_path(work, work_path);
	error = mount_make("overlay", options, flags);
	return error == -ENOENT ? -EOPNOTSUPP : error;
}

/* In the namespace they have: below the base. */
static int make_attached_overlay(struct root_attempt *attempt)
{
	static const struct mount_option options[] = {
		{"lowerdir", "lower"},
		{"upperdir", "upper/upper"},
		{"workdir", "upper/work"},
		{NULL, NULL}};
	auto_close int up = -1, work = -1;
	int error = mount_attach(attempt->upper, attempt->base, "upper");

	if (error == 0)
		error = mount_attach(attempt->root, attempt->base, "lower");
	if (error == 0)
		error = root_layers_make(attempt->upper, attempt->root, &up,
					 &work);
	if (error == 0 && fchdir(attempt->base) < 0)
		error = -errno;
	return error < 0 ? error
			 : mount_make("overlay", options,
				      root_flags(attempt->view));
}

int root_cover(struct root_attempt *attempt)
{
	int overlay;

	if (!attempt->view->is_writable)
		return 0;
	overlay = attempt->base >= 0
			  ? make_attached_overlay(attempt)
			  : make_overlay(attempt->root, attempt->upper,
					 root_flags(attempt->view));
	if (overlay < 0)
		return ROOT_FAIL(attempt, STEP_OVERLAY, overlay);
	close(attempt->root);
	attempt->root = overlay;
	return 0;
}
