#pragma once
/*
 * store_image: whether an image goes through the store, and its plain tar.
 *
 * Those that are compressed and trusted (image_trust.h) do.
 * Anybody else's image would bring into the store what may later be mounted
 * with root's trust; it is unpacked at each launch instead.
 */
#include "err.h"
#include "store.h"

#define STORE_NONE "none" /* --store none */

/*
 * dir: as given by --store, or NULL: STORE_DEFAULT.  1: out is the plain tar;
 * 0: the image is to be taken as it is, why_not says why (no error); -1: the
 * image is damaged, or the store that the caller named cannot be used.
 */
int store_image(const char *dir, int image_fd, const char *path,
		struct stored *out, struct err *why_not, struct err *err);
