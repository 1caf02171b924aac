#pragma once
/*
 * sink: where the bytes of an image go, in order, to a file or a pipe, through
 * a compressor or not.
 *
 * They are gathered into blocks of 1 MiB, so that thousands of small files
 * cost few system calls, and a compressor sees the same pieces however the
 * bytes came.  Its output depends on them alone: never on the number of
 * processors, the time or the name of the file.
 */
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "cleanup.h"
#include "err.h"

struct sink;

struct sink_options {
	int fd; /* stays the caller's */
	const char *name; /* of the output, for messages */
	const char *filter; /* NULL: none; "zstd", "gzip", "xz" */
	bool digest; /* keep the SHA-256 of what was put in */
	/* sees every byte put in, in order, block by block; or NULL */
	int (*tap)(void *context, const void *data, size_t len,
		   struct err *err);
	off_t total; /* bytes to come, for progress */
	void (*progress)(void *context, off_t done, off_t total);
	void *context; /* of tap and progress */
};

int sink_open(const struct sink_options *options, struct sink **out,
	      struct err *err);
void sink_free(struct sink *sink);
DEFINE_AUTO(sink)

int sink_write(struct sink *sink, const void *data, size_t len,
	       struct err *err);

/* Zero bytes up to the next multiple of align. */
int sink_pad(struct sink *sink, size_t align, struct err *err);

/* Zero bytes up to an offset. */
int sink_fill(struct sink *sink, off_t offset, struct err *err);

/*
 * Exactly size bytes from the position of a file.  *got says how many there
 * were, or -errno when reading failed: neither is an error here, since the
 * caller knows what the file is.
 */
int sink_copy(struct sink *sink, int fd, off_t size, off_t *got,
	      struct err *err);

/* Bytes put in so far. */
off_t sink_offset(const struct sink *sink);

/* All bytes are with the kernel; digest (65 bytes) may be NULL. */
int sink_finish(struct sink *sink, char *digest, struct err *err);
