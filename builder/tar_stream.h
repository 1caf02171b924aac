#pragma once
/*
 * tar_stream: the bytes of a tar out of a file that may be compressed, in
 * order, once.
 */
#include <stddef.h>
#include <sys/types.h>

#include "cleanup.h"
#include "err.h"

struct tar_stream;

/* name: for messages.  The descriptor stays the caller's; it is read from its
 * start. */
int tar_stream_open(int fd, const char *name, struct tar_stream **out,
		    struct err *err);
void tar_stream_free(struct tar_stream *stream);
DEFINE_AUTO(tar_stream)

/* The next bytes, the stream's own until the next call; *len is 0 at the
 * end.  ERR_INPUT when the compressed data are damaged. */
int tar_stream_next(struct tar_stream *stream, const void **data, size_t *len,
		    struct err *err);

/* Exactly len bytes, or fewer at the end. */
int tar_stream_read(struct tar_stream *stream, void *data, size_t len,
		    size_t *got, struct err *err);

/* Passes over len bytes, or fewer at the end. */
int tar_stream_skip(struct tar_stream *stream, off_t len, off_t *got,
		    struct err *err);

/* The rest is read; the SHA-256 of all. */
int tar_stream_digest(struct tar_stream *stream, char digest[65],
		      struct err *err);
