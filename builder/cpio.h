#pragma once
/*
 * cpio: a tree as the bytes of a "newc" archive, which the kernel unpacks as an
 * initramfs.  How many there will be is known before the first is written.
 *
 * What that format has no room for, or what the kernel would pass over in
 * silence, is refused: file capabilities, a file of 4 GiB, a name or target
 * longer than a path may be, a time after 2106, the name that ends an archive.
 */
#include <stdbool.h>

#include "err.h"
#include "links.h"
#include "sink.h"
#include "source.h"
#include "tree.h"

enum { CPIO_END_ALIGN = 512 };

struct cpio {
	const struct tree *tree;
	const struct links *links; /* of the tree */
	const struct source *source; /* NULL: no CONTENT_SOURCE in the tree */
	long long mtime; /* of every member */
	bool without_root; /* no member for "/" itself */
	const char *remedy; /* what to do about what is refused: "; ..." */
};

/* Refuses, or says how many bytes cpio_put() will write. */
int cpio_check(const struct cpio *cpio, off_t *size, struct err *err);
int cpio_put(const struct cpio *cpio, struct sink *sink, struct err *err);
