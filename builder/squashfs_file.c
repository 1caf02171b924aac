#include "squashfs_file.h"

#include <errno.h>
#include <sqfs/error.h>
#include <string.h>
#include <unistd.h>

#include "fdio.h"

static struct squashfs_file *of_base(sqfs_file_t *base)
{
	return (struct squashfs_file *)base; /* its first member */
}

/* The first one is what is told. */
static void note_error(struct squashfs_file *file, int error)
{
	if (!file->error)
		file->error = error;
}

static int read_at(sqfs_file_t *base, sqfs_u64 offset, void *buffer,
		   size_t size)
{
	struct squashfs_file *file = of_base(base);
	ssize_t n = fd_pread_full(file->fd, buffer, size, (off_t)offset);

	if (n < 0)
		note_error(file, (int)-n);
	if (file->error)
		memset(buffer, 0, size);
	else if ((size_t)n < size)
		return SQFS_ERROR_OUT_OF_BOUNDS;
	return 0;
}

static int write_at(sqfs_file_t *base, sqfs_u64 offset, const void *buffer,
		    size_t size)
{
	struct squashfs_file *file = of_base(base);
	const char *at = buffer;

	if (offset + size > file->size)
		file->size = offset + size;
	while (size > 0 && !file->error) {
		ssize_t n = pwrite(file->fd, at, size, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			note_error(file, errno);
			break;
		}
		at += n;
		offset += (sqfs_u64)n;
		size -= (size_t)n;
	}
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
		note_error(file, errno);
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
