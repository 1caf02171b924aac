#pragma once
/*
 * tar_header: the bytes that stand before a member's content in a tar.
 *
 * A POSIX ustar header, and before it GNU's long-name members where a name or
 * a link's target has no room in it.  How long that is follows from the node
 * alone, so that the place of every byte of an image is known before the first
 * is written.
 */
#include <sys/types.h>

#include "err.h"
#include "sink.h"
#include "tree.h"

enum { TAR_BLOCK = 512 };

struct tar_member {
	const struct node *node;
	const struct node *file; /* whose mode and owner count: of a hard link
				    the file that it names, else the same */
	long long mtime;
};

/* A multiple of TAR_BLOCK; or -1, when there is no memory. */
off_t tar_header_size(const struct tar_member *member);

int tar_header_write(const struct tar_member *member, struct sink *sink,
		     struct err *err);
