#pragma once
/*
 * tar_layout: which members a tar of a tree has, in which order, and where each
 * begins, before a byte of it is written.
 *
 * The order is that of a walk: a directory, then all that is below it.  (The
 * tree's own order is not: "/a-b" stands between "/a" and "/a/b" there, and
 * GNU tar would take "./a/" for finished and set its mode and time too early.)
 * Of several names of one file, the first in this order holds the content.
 *
 * A mountable tar carries the metadata of a file system (erofs.h) whose file
 * data are the members' contents.  They hide where every reader of tars looks
 * away: in "comment" records of the pax headers of the first members, that of
 * "./" above all, where the superblock comes to lie at its proper offset.
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
	/* The part of the index that the member's pax header carries: */
	size_t segment_len; /* 0: none */
	const void *segment; /* owned by the layout's index */
};

struct tar_layout {
	struct tar_member *members;
	size_t n;
	off_t size; /* of the whole archive */
	size_t header_max; /* the longest of what stands before a content */
	struct erofs *index; /* NULL: a plain tar */
};

/* What the archive is to be. */
struct tar_kind {
	bool is_mountable; /* with an index: a read-only file system too */
	long long mtime; /* seconds; of every node of that file system */
};

int tar_layout_make(const struct tree *tree, const struct tar_kind *kind,
		    struct tar_layout **out, struct err *err);
void tar_layout_free(struct tar_layout *layout);
DEFINE_AUTO(tar_layout)
