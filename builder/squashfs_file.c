#include "squashfs_file.h"

#include <errno.h>
#include <sqfs/error.h>
#include <unistd.h>

static struct squashfs_file *of_base(sqfs_file_t *base)
{
	return (struct squashfs_file *)base; /* its first member */
}

static int fail(struct squashfs_file *file, int error)
{
	file->error = error;
	return SQFS_ERROR_IO;
}

static int read_at(sqfs_file_t *base, sqfs_u64 offset, void *buffer,
		   size_t size)
{
	struct squashfs_file *file = of_base(base);
	char *at = buffer;

	while (size > 0) {
		ssize_t n = pread(file->fd, at, size, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? fail(file, errno)
				     : SQFS_ERROR_OUT_OF_BOUNDS;
		at += n;
		offset += (sqfs_u64)n;
		size -= (size_t)n;
	}
	return 0;
}

static int write_at(sqfs_file_t *base, sqfs_u64 offset, const void *buffer,
		    size_t size)
{
	struct squashfs_file *file = of_base(base);
	const char *at = buffer;

	while (size > 0) {
		ssize_t n = pwrite(file->fd, at, size, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail(file, errno);
		at += n;
		offset += (sqfs_u64)n;
		size -= (size_t)n;
	}
	if (offset > file->size)
		file->size = offset;
	return 0;
}

static sqfs_u64 get_size(const sqfs_file_t *base)
{
	return ((const struct squashfs_file *)base)->size;
}

static int set_size(sqfs_file_t *base, sqfs_u64 size)
{
	struct squashfs_file *file = of_base(base);

	if (ftruncate(file->fd, (off_t)size) < 0)
		return fail(file, errno);
	file->size = size;
	return 0;
}

static void destroy(sqfs_object_t *object)
{
	(void)object; /* the caller's, and its descriptor too */
}

void squashfs_file_init(struct squashfs_file *file, int fd)
{
	*file = (struct squashfs_file){
		.base = {.base = {.destroy = destroy},
			 .read_at = read_at,
			 .write_at = write_at,
			 .get_size = get_size,
			 .truncate = set_size},
		.fd = fd,
	};
}
