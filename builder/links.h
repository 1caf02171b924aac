#pragma once
/*
 * links: how the nodes of a tree hang together, as indices into it: which
 * directory holds each, of which file each is a name, and how many names that
 * has.  What a file system tells as inodes and their link counts.
 */
#include <stddef.h>
#include <stdint.h>

#include "cleanup.h"
#include "err.h"
#include "tree.h"

struct link {
	size_t file; /* itself; of a hard link, the file that it names */
	size_t parent; /* the directory that holds it; of the root, itself */
	size_t last; /* the last name of the same file */
	uint32_t count; /* st_nlink; of a hard link that of its file */
};

struct links {
	struct link *items; /* one a node */
	size_t n;
};

/* ERR_MANIFEST when a hard link names no file of the tree. */
int links_find(const struct tree *tree, struct links **out, struct err *err);
void links_free(struct links *links);
DEFINE_AUTO(links)
