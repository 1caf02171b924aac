#pragma once
/*
 * erofs_parts: what an index is while it is made: erofs.c decides what it holds
 * and where each piece lies, erofs_render.c makes the bytes of it.
 */
#include <sys/types.h>

#include "erofs.h"
#include "erofs_format.h"
#include "links.h"

struct place {
	size_t segment;
	size_t offset;
};

struct inode {
	const struct node *node;
	size_t parent; /* index of the directory's inode */
	size_t *children; /* of a directory: indices of nodes, sorted by name */
	size_t n_children;
	uint32_t nlink;
	size_t head; /* 32 or 64 bytes of inode */
	char *data; /* of a directory or link: what it holds */
	size_t data_len;
	size_t in_blocks; /* how much of data lies in blocks, the rest inline */
	struct place place, blocks;
	uint64_t content; /* file: offset of its content */
};

struct segment {
	size_t len;
	uint64_t offset;
	unsigned char *bytes;
};

struct erofs {
	const struct tree *tree;
	long long mtime;
	struct links *links;
	struct inode *inodes; /* one a node; that of a hard link is unused */
	size_t n;
	size_t n_used;
	struct segment *segments;
	size_t n_segments;
};

/* By type of node. */
struct erofs_kind {
	mode_t mode;
	enum erofs_file_type type;
};
extern const struct erofs_kind erofs_kinds[];
