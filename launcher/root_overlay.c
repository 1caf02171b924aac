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

/* Its upper directory stands for "/": owner and mode are those of the root. */
static int make_layers(int upper, int lower, int *up, int *work)
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
	if (*up < 0 || *work < 0 || fchown(*up, st.st_uid, st.st_gid) < 0 ||
	    fchmod(*up, st.st_mode & 07777) < 0)
		return -errno;
	return 0;
}

static int make_overlay(int lower, int upper, unsigned flags)
{
	auto_close int up = -1, work = -1;
	char lower_path[32], up_path[32], work_path[32];
	const struct mount_option options[] = {{"lowerdir", lower_path},
					       {"upperdir", up_path},
					       {"workdir", work_path},
					       {NULL, NULL}};
	int error = make_layers(upper, lower, &up, &work);

	if (error < 0)
		return error;
	mount_fd_path(lower, lower_path);
	mount_fd_path(up, up_path);
	mount_fd_path(work, work_path);
	return mount_make("overlay", options, flags);
}

/* The root becomes the lower layer of one that can be written. */
int root_cover(struct root_attempt *attempt)
{
	int overlay = 0;

	if (!attempt->view->is_writable)
		return 0;
	if (attempt->base >= 0)
		overlay = mount_attach(attempt->upper, attempt->base, "upper");
	if (attempt->base >= 0 && overlay == 0)
		overlay = mount_attach(attempt->root, attempt->base, "lower");
	if (overlay == 0)
		overlay = make_overlay(attempt->root, attempt->upper,
				       root_flags(attempt->view));
	if (overlay < 0)
		return ROOT_FAIL(attempt, STEP_OVERLAY, overlay);
	close(attempt->root);
	attempt->root = overlay;
	return 0;
}
