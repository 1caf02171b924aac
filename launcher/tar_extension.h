#pragma once
/*
 * tar_extension: what the headers before a member's own say of it: the records
 * of a pax header, and GNU's long names.
 *
 * Nothing is taken over that is not known, malformed, too long, or said twice.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "unpack_record.h"

struct tar_extension {
	/* Where names go, with a NUL: UNPACK_NAME_MAX + 1 bytes each. */
	char *path, *target;
	bool has_path, has_target, has_size, has_mtime, has_uid, has_gid;
	bool has_pax, has_capabilities;
	uint64_t size, uid, gid;
	int64_t mtime;
	uint32_t mtime_ns;
};

/* The payload of a pax header. */
int tar_extension_pax(struct tar_extension *extension, const char *records,
		      size_t size, struct err *err);

/* The payload of an 'L' or 'K' header, for path or target. */
int tar_extension_long(char *to, bool *is_set, const char *text, size_t size,
		       struct err *err);
