#pragma once
/*
 * unpack_check: what a record of jail-unpack may ask for.  Nothing here makes
 * a system call; nothing is taken on trust.
 */
#include <stdint.h>
#include <sys/types.h>

#include "err.h"
#include "unpack.h"
#include "unpack_record.h"

#define UNPACK_DEPTH_MAX 256u /* what --limit may ask for: a descriptor each */

/* Fills what is 0 with the default, and bounds depth. */
void unpack_limits_complete(struct unpack_limits *limits);

/* What the members so far add up to. */
struct unpack_count {
	struct unpack_limits limits;
	uint64_t image_size; /* bytes; 0: unknown (a pipe) */
	uint64_t bytes, members;
};

/* The lengths and the kind, before the strings behind the record are read. */
int unpack_check_record(const struct unpack_record *record, struct err *err);

/*
 * A member: its number, path, target, mode, owner, device and size, and that
 * the limits allow it; it is then counted.  The strings end with NUL.
 */
int unpack_check_member(struct unpack_count *count,
			const struct unpack_record *record, const char *path,
			const char *target, struct err *err);

/*
 * How large a plain tar may get: the limit of content, and room for as many
 * headers as the limit of members.  Less than that room is no bomb at any
 * ratio.
 */
int unpack_check_plain(const struct unpack_limits *limits, uint64_t image_size,
		       uint64_t bytes, struct err *err);

/*
 * The mode that a checked member gets: write permission for group and others
 * is taken away, but for the temporary directories and devices.
 */
mode_t unpack_mode(const struct unpack_record *record, const char *path);
