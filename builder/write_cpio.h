#pragma once
/*
 * write_cpio: a tree as a cpio archive of the "newc" kind, which the kernel
 * unpacks as an initramfs.
 *
 * What that format has no room for, or what the kernel would pass over in
 * silence, is refused: file capabilities, a file of 4 GiB, a name or target
 * longer than a path may be, a time after 2106, the name that ends an archive.
 */
#include "image_write.h"

/* As write_tar(). */
int write_cpio(const struct tree *tree, const struct source *source,
	       const struct image_options *options, const char *filter, int fd,
	       struct err *err);
