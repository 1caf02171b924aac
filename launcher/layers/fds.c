/*
 * fds: every descriptor above 2 that was not asked for is closed by the kernel
 * when the program is executed.  A directory that the caller left open would
 * lead out of the root.
 */
#include "../layer.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../spec.h"

enum step { STEP_MARK, STEP_KEEP };
static const char *const steps[] = {"mark descriptors close-on-exec",
				    "keep a descriptor", NULL};

/* The kernel's own bound (fs.nr_open), where nothing lower is known. */
#define MOST_FDS (1 << 20)

/* Linux < 5.11: one after another, up to the highest that can be open. */
static int mark_each(void)
{
	struct rlimit limit;
	int fd, last = MOST_FDS;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 &&
	    limit.rlim_max > MOST_FDS && limit.rlim_max < 1ul << 30)
		last = (int)limit.rlim_max;
	for (fd = 3; fd < last; fd++)
		if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 && errno != EBADF)
			return -errno;
	return 0;
}

/* EINVAL: 5.9 and 5.10, which only close; EPERM: an outer filter. */
static int mark_all(void)
{
	if (syscall(SYS_close_range, 3, ~0u, CLOSE_RANGE_CLOEXEC) == 0)
		return 0;
	if (errno == ENOSYS || errno == EINVAL || errno == EPERM)
		return mark_each();
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
