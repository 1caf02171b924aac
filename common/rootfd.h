#pragma once
/*
 * rootfd: opening paths as if a directory were "/".
 *
 * A path below root is resolved with every symbolic link in it (absolute ones
 * too) staying below root, and ".." never leading above it: openat2() with
 * RESOLVE_IN_ROOT where the kernel has it (5.6), else a walk that opens one
 * component after another.  Nothing in a hostile tree can lead outside.
 */
#include <fcntl.h>
#include <sys/types.h>

/*
 * A new close-on-exec descriptor, or -errno.  O_NOFOLLOW in flags concerns the
 * last component only.  A FIFO does not block (O_NONBLOCK is added unless
 * O_PATH is given): look with fstat() before you read.
 */
int root_open(int root_fd, const char *path, int flags, mode_t mode);

/* As root_open(), refusing any symbolic link on the way (-ELOOP). */
int root_open_nolinks(int root_fd, const char *path, int flags, mode_t mode);

/*
 * A regular file below root, at most limit bytes, NUL-terminated and owned by
 * the caller.  0 or -errno: -EINVAL if it is not a regular file, -EFBIG.
 */
int root_read_file(int root_fd, const char *path, size_t limit, char **data,
		   size_t *len);
