#pragma once
/*
 * gunzip: what gzip packed, with its checksums looked at, which libarchive
 * passes over: what is measured must be what was meant.
 */
#include <sys/types.h>

#include "err.h"

struct gzipped {
	int fd;
	const char *name; /* for messages */
	off_t offset, size; /* of what is packed, in the file */
	off_t most; /* that it may unpack to */
};

/* Writes to out; *size is what that came to.  Packed pieces one behind the
 * other are one, and zeros behind the last are nothing.  ERR_INPUT when it is
 * damaged, cut off, or followed by something else. */
int gunzip(const struct gzipped *gzipped, int out, off_t *size,
	   struct err *err);
