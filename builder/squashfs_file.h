#pragma once
/*
 * squashfs_file: a descriptor as libsquashfs wants to have a file.
 *
 * An error is kept, for the caller to ask for, and the library goes on as if
 * nothing had happened: it forgets to free what is under way when told.
 */
#include <sqfs/io.h>
#include <sqfs/predef.h>

struct squashfs_file {
	sqfs_file_t base;
	int fd; /* the caller's */
	int error; /* errno of what failed first, or 0 */
	sqfs_u64 size;
};

/* An empty file.  Nothing is to be freed. */
void squashfs_file_init(struct squashfs_file *file, int fd);
