#pragma once
/*
 * tar_layout: which members a tar of a tree has, in which order, and where each
 * begins, before a byte of it is written.
 *
 * The order is that of a walk: a directory, then all that is below it.  (The
 * tree's own order is not: "/a-b" stands between "/a" and "/a/b" there, and
 * GNU tar would take "./a/" for finished and set its mode and time too early.)
 * Of several names of one file, the first in this order holds the content.
 */
#include <sys/types.h>

#include "cleanup.h"
#include "err.h"
#include "tree.h"

enum { TAR_BLOCK = 512 };

struct tar_member {
	const struct node *node; /* whose name it is */
	const struct node *file; /* whose mode, owner and content: for a hard
				    link the file that it names, else node */
	enum node_type type;
	const char *target; /* NODE_SYMLINK: as it is; NODE_HARDLINK: the path
			       of the member with the content; else NULL */
	off_t header; /* offset of all that tells about the member */
	off_t content;
};

struct tar_layout {
	struct tar_member *members;
	size_t n;
	off_t size; /* of the whole archive */
	size_t header_max; /* the longest of what stands before a content */
};

int tar_layout_make(const struct tree *tree, struct tar_layout **out,
		    struct err *err);
void tar_layout_free(struct tar_layout *layout);
DEFINE_AUTO(tar_layout)
