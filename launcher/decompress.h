#pragma once
/*
 * decompress: the bytes of a file that is plain, or packed by gzip, xz or
 * zstd, as its first bytes say.  One layer of packing, every checksum of the
 * format verified, and no byte behind the packed data.
 *
 * zlib, liblzma and libzstd are called directly: libarchive does not look at
 * gzip's checksum, ignores what follows the packed data and unwraps layer
 * after layer.
 */
#include <stddef.h>
#include <stdint.h>

#include "cleanup.h"
#include "err.h"

struct decompress;

/* fd: read to its end; -1: the bytes of data (for tests). */
int decompress_new(int fd, const uint8_t *data, size_t len,
		   struct decompress **out, struct err *err);
void decompress_free(struct decompress *decompress);
DEFINE_AUTO(decompress)

/* As tar_source, with the struct decompress as context. */
int decompress_read(void *decompress, const uint8_t **data, size_t *len,
		    struct err *err);
