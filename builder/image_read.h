#pragma once
/*
 * image_read: an image file or directory becomes a tree again.
 *
 * Nothing in the image is believed: names, numbers and texts are bounded, what
 * a tree cannot hold is a flaw, and a flaw is words, not a failure.  The
 * contents of files are read through but not kept, except those of the few
 * texts that describe the image (image_texts).
 */
#include <stdbool.h>
#include <stddef.h>

#include "cleanup.h"
#include "err.h"
#include "flaws.h"
#include "tree.h"

struct image {
	struct tree *tree;
	bool is_dir;
	long long mtime; /* of the root */
	char identity[65]; /* SHA-256 of the tar; "" of a directory */
	struct flaws flaws; /* what jailbuild would not have written */
};

/* Files whose content becomes node->text, if they have at most 4 MiB. */
extern const char *const image_texts[];

/*
 * A tar, a compressed tar or a directory.  ERR_INPUT when it is none, is cut
 * off or damaged, or goes beyond all bounds.
 */
int image_read(const char *path, struct image **out, struct err *err);
void image_free(struct image *image);
DEFINE_AUTO(image)
