#pragma once
/*
 * erofs: the index that makes a tar mountable: superblock, inodes and
 * directories of a read-only file system whose file data are the tar's own.
 *
 * The tar writer asks how many segments of metadata there are and how long
 * each is, lays out the archive with the segments in pax headers, tells where
 * each segment and each file's content came to lie, and then fetches the
 * bytes.  Everything depends on the tree and these places alone.
 */
#include <stddef.h>
#include <stdint.h>

#include "cleanup.h"
#include "err.h"
#include "tree.h"

struct erofs;

/*
 * A segment holds at most EROFS_SEGMENT_MAX bytes: libarchive refuses a pax
 * record of a million bytes.
 */
#define EROFS_SEGMENT_MAX (896 * 1024 - 1024)

/*
 * mtime: seconds, of every node.  ERR_MANIFEST when the tree cannot be indexed
 * (a directory of more than some 35,000 entries).
 */
int erofs_new(const struct tree *tree, long long mtime, struct erofs **out,
	      struct err *err);
void erofs_free(struct erofs *erofs);
DEFINE_AUTO(erofs)

size_t erofs_n_segments(const struct erofs *erofs);
size_t erofs_segment_len(const struct erofs *erofs, size_t segment);

/* offset: in the file, a multiple of 512; of segment 0 it must be 1024. */
void erofs_place_segment(struct erofs *erofs, size_t segment, uint64_t offset);

/* node: index of a NODE_FILE in the tree.  offset: a multiple of 512. */
void erofs_place_content(struct erofs *erofs, size_t node, uint64_t offset);

/* When all is placed: the bytes.  size: of the whole archive, x * 512. */
int erofs_render(struct erofs *erofs, uint64_t size, struct err *err);
const void *erofs_segment(const struct erofs *erofs, size_t segment);
