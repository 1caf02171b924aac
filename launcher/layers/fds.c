/*
 * fds: every descriptor above 2 that was not asked for is closed by the kernel
 * when the program is executed.  A directory that the caller left open would
 * lead out of the root.
 */
#include "../layer.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/close_range.h>
#include <linux/magic.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "../fd_bound.h"
#include "../kernel_dirent.h"
#include "../spec.h"

enum step { STEP_MARK, STEP_KEEP };
static const char *const steps[] = {"mark descriptors close-on-exec",
				    "keep a descriptor", NULL};

static int mark(int fd)
{
	return fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 && errno != EBADF ? -errno
								    : 0;
}

/* Without /proc: one number after another, up to the highest that can be. */
static int mark_each(void)
{
	int fd, error = 0, last = fd_bound();

	for (fd = 3; error == 0 && fd < last; fd++)
		error = mark(fd);
	return error;
}

/* A number, but not of 0-2; "." and ".." are none.  0: nothing to mark. */
static int read_fd(const char *name)
{
	int fd = 0;

	while (*name >= '0' && *name <= '9' && fd < INT_MAX / 10)
		fd = 10 * fd + (*name++ - '0');
	return *name || fd < 3 ? 0 : fd;
}

static int mark_entries(const char *buffer, long len)
{
	int error = 0;
	long at;

	for (at = 0; error == 0 && at < len;) {
		const struct kernel_dirent *entry = (const void *)(buffer + at);
		int fd = read_fd(entry->name);

		at += entry->len;
		error = fd ? mark(fd) : 0;
	}
	return error;
}

/* 1: all that are open were listed and marked; 0: no list; or -errno. */
static int mark_listed(void)
{
	int list = open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char buffer[2048] __attribute__((aligned(8)));
	struct statfs fs;
	int error = 0;
	long len = -1;

	if (list < 0)
		return 0;
	if (fstatfs(list, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC)
		while ((len = syscall(SYS_getdents64, list, buffer,
				      sizeof(buffer))) > 0 &&
		       error == 0)
			error = mark_entries(buffer, len);
	close(list);
	return error < 0 ? error : len == 0;
}

/*
 * Linux < 5.11.  Where a container was given a limit of a thousand million
 * descriptors, to try them all would take minutes.
 */
static int mark_without_range(void)
{
	int marked = mark_listed();

	return marked == 0 ? mark_each() : marked < 0 ? marked : 0;
}

/* EINVAL: 5.9 and 5.10, which only close; EPERM: an outer filter. */
static int mark_all(void)
{
	if (syscall(SYS_close_range, 3, ~0u, CLOSE_RANGE_CLOEXEC) == 0)
		return 0;
	if (errno == ENOSYS || errno == EINVAL || errno == EPERM)
		return mark_without_range();
	return -errno;
}

static int fds_apply(const void *state)
{
	const struct jail_spec *spec = state;
	size_t i;
	int error = mark_all();

	if (error < 0)
		return layer_failed(STEP_MARK, -error);
	for (i = 0; i < spec->n_keep_fds; i++)
		if (fcntl(spec->keep_fds[i], F_SETFD, 0) < 0)
			return layer_failed(STEP_KEEP, errno);
	return 0;
}

const struct layer layer_fds = {
	.name = "fds",
	.denies = "descriptors that the caller left open",
	.steps = steps,
	.prepare = layer_keep_spec,
	.apply = fds_apply,
};
