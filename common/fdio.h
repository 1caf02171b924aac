#pragma once
/*
 * fdio: whole reads and writes on descriptors.  Interrupted and short calls
 * are carried on.
 */
#include <stddef.h>
#include <sys/types.h>

/* 0, or -errno.  A write of nothing that is not an error is -EIO. */
int fd_write_full(int fd, const void *data, size_t len);

/* Bytes read (less than len only at end of file), or -errno. */
ssize_t fd_read_full(int fd, void *data, size_t len);

/* As fd_read_full(), at an offset; the file position does not move. */
ssize_t fd_pread_full(int fd, void *data, size_t len, off_t offset);

/*
 * The rest of a file, NUL-terminated, owned by the caller.  0, or -errno;
 * -EFBIG when there are more than limit bytes.  len may be NULL.
 */
int fd_read_all(int fd, size_t limit, char **data, size_t *len);
