#pragma once
/*
 * verify_lockdown: the lockdown's rules over an image that was read.
 */
#include "err.h"
#include "image_read.h"
#include "manifest.h"

/*
 * What a rule refuses or would have changed is a flaw; the tree is changed.
 * manifest, whose exceptions count, may be NULL.
 */
int verify_lockdown(struct image *image, const struct manifest *manifest,
		    struct err *err);
