#include "tar_spool.h"

#include <stdint.h>
#include <string.h>

#include "fdio.h"
#include "gunzip.h"
#include "outfile.h"

#define UNPACKED_MAX (INT64_C(1) << 50) /* the disk ends before */

enum packing { PACKED_NOT, PACKED_GZIP, PACKED_OTHERWISE };

/* By the magic numbers of what tar_stream undoes. */
static enum packing find_packing(int fd)
{
	static const struct {
		const char *bytes;
		size_t len;
		enum packing packing;
	} magics[] = {
		{"\x1f\x8b", 2, PACKED_GZIP},
		{"\x28\xb5\x2f\xfd", 4, PACKED_OTHERWISE},
		{"\xfd"
		 "7zXZ",
		 5, PACKED_OTHERWISE},
	};
	char start[8] = {0};

	if (fd_pread_full(fd, start, sizeof(start), 0) < 0)
		return PACKED_NOT;
	for (size_t i = 0; i < sizeof(magics) / sizeof(*magics); i++)
		if (memcmp(start, magics[i].bytes, magics[i].len) == 0)
			return magics[i].packing;
	return PACKED_NOT;
}

/* gzip comes first, the others are undone while the members are read. */
int tar_spool_open(int fd, off_t size, const char *name, const char *beside,
		   struct tar_spool *out, struct err *err)
{
	const struct gzipped gzipped = {
		.fd = fd, .name = name, .size = size, .most = UNPACKED_MAX};
	enum packing packing = find_packing(fd);
	auto_of(outfile) struct outfile *file = NULL;
	off_t unpacked;

	*out = (struct tar_spool){.parts = fd, .from = fd, .copy = -1};
	if (packing == PACKED_NOT)
		return 0;
	if (outfile_open(beside, 0600, &file, err) < 0)
		return -1;
	out->parts = take_fd(&file->fd);
	if (packing == PACKED_OTHERWISE) {
		out->copy = out->parts;
		return 0;
	}
	out->from = out->parts;
	return gunzip(&gzipped, out->parts, &unpacked, err);
}
