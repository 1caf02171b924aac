#include "tar_spool.h"

#include <stdint.h>

#include "fdio.h"
#include "gunzip.h"
#include "outfile.h"
#include "packing.h"

#define UNPACKED_MAX (INT64_C(1) << 50) /* the disk ends before */

/* gzip comes first, the others are undone while the members are read. */
int tar_spool_open(int fd, off_t size, const char *name, const char *beside,
		   struct tar_spool *out, struct err *err)
{
	const struct gzipped gzipped = {
		.fd = fd, .name = name, .size = size, .most = UNPACKED_MAX};
	auto_of(outfile) struct outfile *file = NULL;
	uint8_t prefix[PACKING_PREFIX];
	enum packing packing;
	off_t unpacked;
	ssize_t n;

	*out = (struct tar_spool){.parts = fd, .from = fd, .copy = -1};
	n = fd_pread_full(fd, prefix, sizeof(prefix), 0);
	if (n < 0)
		return err_sys(err, (int)-n, "%s", name);
	packing = packing_of(prefix, (size_t)n);
	if (packing == PACKING_NONE)
		return 0;
	if (outfile_open(beside, 0600, &file, err) < 0)
		return -1;
	out->parts = take_fd(&file->fd);
	if (packing != PACKING_GZIP) {
		out->copy = out->parts;
		return 0;
	}
	out->from = out->parts;
	return gunzip(&gzipped, out->parts, &unpacked, err);
}
