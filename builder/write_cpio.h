#pragma once
/*
 * write_cpio: a tree as a cpio archive in a file (cpio.h says what is refused).
 */
#include "image_write.h"

/* As write_tar(). */
int write_cpio(const struct tree *tree, const struct source *source,
	       const struct image_options *options, const char *filter, int fd,
	       struct err *err);
