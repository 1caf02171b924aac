#pragma once
/*
 * tar_reader: the members of a tar archive, by a strict reading of its bytes.
 *
 * ustar with pax extended headers or GNU long names, and nothing else: what
 * other readers guess at (old formats, bad checksums, sparse files, unknown
 * keys, bytes behind the end) is an error, so that no two readers of one
 * archive can see different trees.  All bytes up to the end of input are read.
 */
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "unpack_record.h"

/*
 * More bytes of the archive: *len of them at *data, valid until the next call;
 * *len 0 is the end.  0, or -1 with err filled.
 */
typedef int tar_source(void *context, const uint8_t **data, size_t *len,
		       struct err *err);

struct tar_member {
	enum unpack_kind kind;
	uint32_t mode, uid, gid, dev_major, dev_minor;
	uint64_t size;
	int64_t mtime;
	uint32_t mtime_ns;
};

struct tar_reader {
	tar_source *source;
	void *context;
	const uint8_t *at; /* what is left of the source's last answer */
	size_t left;
	uint8_t block[512]; /* a block that came in pieces */
	uint64_t data_left; /* of the current member */
	unsigned padding; /* after its data */
	uint64_t number; /* of the current member; 0 before the first */
	char *pax; /* room for an extended header, from the first on */
	/* of the current member, NUL-terminated, as far as they are known */
	char path[UNPACK_NAME_MAX + 1], target[UNPACK_NAME_MAX + 1];
};

void tar_init(struct tar_reader *reader, tar_source *source, void *context);
void tar_clear(struct tar_reader *reader);

/*
 * The next member; its data, if any, must have been read.  1, 0 at the end,
 * or -1: then number and path say where.
 */
int tar_next(struct tar_reader *reader, struct tar_member *out,
	     struct err *err);

/* A piece of the member's data, at most max bytes; *len 0 when all was read. */
int tar_data(struct tar_reader *reader, size_t max, const uint8_t **data,
	     size_t *len, struct err *err);
