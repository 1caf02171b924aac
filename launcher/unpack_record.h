#pragma once
/*
 * unpack_record: what jail-unpack (confined, and maybe subverted by the
 * archive) says to the launcher, through a pipe.
 *
 * Each record is a fixed struct without padding, then path_len bytes,
 * target_len bytes and data_len bytes.  Strings have no NUL.  Both ends run on
 * one machine: native byte order.
 *
 *	members	FILE, DIR, ...: in the archive's order.  A FILE's first bytes
 *		may follow it as data; the rest comes in DATA records until
 *		`size` bytes were sent.
 *	END	path: SHA-256 of the uncompressed tar in hex; number: how many
 *		members; size: content bytes.  Nothing follows.
 *	ERROR	in place of any record: number (0: none) and path: the member,
 *		target: words, cause: errno, or 0 when the archive is to blame.
 *		Nothing follows.
 *
 * Asked for the plain tar (UNPACK_PLAIN), jail-unpack sends DATA records, of
 * member 0, then END with the number of bytes and no path; or ERROR.
 *
 * Paths have lost a leading "./" and, for directories, one slash at the end;
 * the top directory is the empty path.  They are otherwise as they were.
 */
#include <stdint.h>

#include "image_bounds.h"

#define UNPACK_MAGIC 0x31504e55u /* "UNP1": the version of this page */
#define UNPACK_PLAIN "plain" /* the second argument of jail-unpack */
#define UNPACK_NAME_MAX IMAGE_NAME_MAX /* bytes of a path, a target or words */
#define UNPACK_DATA_MAX (256u << 10)

enum unpack_kind {
	UNPACK_FILE = 1,
	UNPACK_DIR,
	UNPACK_SYMLINK,
	UNPACK_HARDLINK,
	UNPACK_CHAR,
	UNPACK_BLOCK,
	UNPACK_FIFO,
	UNPACK_LAST_MEMBER = UNPACK_FIFO,
	UNPACK_DATA,
	UNPACK_END,
	UNPACK_ERROR,
};

struct unpack_record {
	uint32_t magic;
	uint32_t kind;
	uint64_t number; /* of the member, from 1, without a gap */
	uint64_t size;
	int64_t mtime;
	uint32_t mtime_ns;
	uint32_t mode; /* the bits 07777 */
	uint32_t uid, gid;
	uint32_t dev_major, dev_minor;
	uint32_t path_len, target_len, data_len;
	uint32_t cause;
};
_Static_assert(sizeof(struct unpack_record) == 72, "no padding");
