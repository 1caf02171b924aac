#pragma once
/*
 * verify: --verify IMAGE: could jailbuild have written this, and is it locked
 * down?
 *
 * The image is read into a tree.  The lockdown's rules must have nothing to
 * do, /.jail/manifest must be there and canonical, and a tar must be, byte for
 * byte, what the writer makes of that tree: no two readers can then see
 * different things in it, and nothing is hidden between or behind its members.
 */
#include <stdio.h>

#include "err.h"

/*
 * Each violation is a line on out, and is counted.  ERR_INPUT when the image
 * cannot be read at all; both are exit status 4.
 */
int verify_image(const char *path, FILE *out, size_t *n_violations,
		 struct err *err);
