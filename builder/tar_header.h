#pragma once
/*
 * tar_header: the bytes that stand before a member's content in a tar.
 *
 * A POSIX ustar header; before it GNU's long-name members where a name or a
 * link's target has no room in it, and before these a pax header for what only
 * pax can say (file capabilities, the index).  How long that is follows from the node
 * alone, so that the place of every byte of an image is known before the first
 * is written.
 */
#include <sys/types.h>

#include "err.h"
#include "tar_layout.h"

/*
 * Where a segment of the index lies behind the start of a member: its pax
 * header comes first, a block of 512 bytes, then a block with the record's key.
 */
enum { TAR_SEGMENT_OFFSET = 2 * TAR_BLOCK };

/* Where a header says of what type the member is, and the type "pax header". */
enum { TAR_TYPE_OFFSET = 156, TAR_TYPE_PAX = 'x' };

/* A multiple of TAR_BLOCK; or -1, when there is no memory. */
off_t tar_header_size(const struct tar_member *member);

/* out: room for tar_header_size() bytes. */
int tar_header_put(const struct tar_member *member, long long mtime, char *out,
		   struct err *err);
