#pragma once
/*
 * write_dir: a tree as a directory, with its real owners and devices.
 *
 * It is made as ".NAME.partial" beside the name and renamed when it is whole.
 * A directory that has something in it is never replaced.
 */
#include "image_write.h"

int write_dir(const struct tree *tree, const struct source *source,
	      const struct image_options *options, struct err *err);
