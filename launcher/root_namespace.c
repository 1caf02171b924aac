#include "root_namespace.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include "mount_calls.h"
#include "root_sources.h"

static void open_places(struct root_origin *origin)
{
	const int flags = O_PATH | O_DIRECTORY | O_CLOEXEC;

	origin->root = open("/", flags);
	origin->here = open(".", flags);
}

void root_origin_take(struct root_origin *origin)
{
	origin->is_left = false;
	origin->namespace_fd = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	open_places(origin);
}

static void close_one(int fd)
{
	if (fd >= 0)
		close(fd);
}

void root_origin_free(struct root_origin *origin)
{
	close_one(origin->namespace_fd);
	close_one(origin->root);
	close_one(origin->here);
}

/*
 * The copy has our root and our working directory, too.  In those that we had
 * before nothing could be mounted from here.
 */
static void stay_in_copy(struct root_origin *origin)
{
	close_one(origin->root);
	close_one(origin->here);
	open_places(origin);
}

int root_namespace_enter(struct root_attempt *attempt,
			 struct root_origin *origin)
{
	if (origin->namespace_fd < 0) /* a later attempt could not find them */
		root_sources_find(attempt->sources, attempt->view);
	if (unshare(CLONE_NEWNS) < 0)
		return ROOT_FAIL(attempt, STEP_NAMESPACE, -errno);
	origin->is_left = true;
	if (origin->namespace_fd < 0)
		stay_in_copy(origin);
	return ROOT_FAIL(attempt, STEP_PRIVATE,
			 mount_old(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
}

int root_namespace_pivot(struct root_attempt *attempt)
{
	/* Where "/" is the kernel's first root, or a chroot, it has to stay. */
	if (fchdir(attempt->base) < 0 || mount_pivot(".", ".") < 0)
		attempt->keeps_old_root = true;
	else if (mount_detach(".") < 0)
		return ROOT_FAIL(attempt, STEP_NAMESPACE, -errno);
	return 0;
}

/* EINVAL: the base was not mounted yet. */
static int detach_base(const struct root_attempt *attempt)
{
	int error;

	if (attempt->base < 0)
		return 0;
	if (fchdir(attempt->base) < 0)
		return -errno;
	error = mount_detach(".");
	return error == -EINVAL ? 0 : error;
}

int root_namespace_leave(struct root_attempt *attempt,
			 const struct root_origin *origin)
{
	int error;

	/* Who may make no namespace may enter none, either, his own included. */
	if (!origin->is_left)
		return 0;
	error = origin->namespace_fd < 0 ? detach_base(attempt)
		: setns(origin->namespace_fd, CLONE_NEWNS) < 0 ? -errno
							       : 0;

	if (error < 0 || fchdir(origin->root) < 0 || chroot(".") < 0 ||
	    fchdir(origin->here) < 0)
		return ROOT_FAIL(attempt, STEP_RESTORE, -EIO);
	return 0;
}
