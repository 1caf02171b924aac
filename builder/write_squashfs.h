#pragma once
/*
 * write_squashfs: a tree as a squashfs image, compressed by zstd, for kernels
 * that cannot mount a tar.
 *
 * The format and its compressing are libsquashfs's.  The bytes depend on the
 * tree and on the versions of libsquashfs and libzstd, on nothing else.
 */
#include "image_write.h"

/* fd: an empty file, for reading and writing.  filter is not used: NULL. */
int write_squashfs(const struct tree *tree, const struct source *source,
		   const struct image_options *options, const char *filter,
		   int fd, struct err *err);
