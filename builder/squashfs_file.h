#pragma once
/*
 * squashfs_file: a descriptor as libsquashfs wants to have a file.
 */
#include <sqfs/io.h>
#include <sqfs/predef.h>
#include <stdbool.h>

struct squashfs_file {
	sqfs_file_t base;
	int fd; /* the caller's */
	int error; /* errno of what failed, or 0 */
	sqfs_u64 size;
};

/* An empty file.  Nothing is to be freed. */
void squashfs_file_init(struct squashfs_file *file, int fd);
