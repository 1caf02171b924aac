#pragma once
/*
 * unpack_receive: records that come from a descriptor become a tree.  Whoever
 * writes them may be an enemy.
 */
#include <stdbool.h>

#include "err.h"
#include "sha256.h"
#include "unpack.h"

struct unpack_receive {
	int fd;
	const struct unpack_job *job; /* limits complete */
	uint64_t image_size; /* 0: unknown */
	bool ended_early; /* out: the records stopped before their END */
};

/* 0, or -1 with err; out is written on success only. */
int unpack_receive(struct unpack_receive *receive, struct unpack_result *out,
		   struct err *err);

/* Where bytes go; hash is NULL, or told of each byte that was written. */
struct unpack_sink {
	int fd;
	struct sha256 *hash;
};

/* The plain tar instead of its members; size: how many bytes it has. */
int unpack_receive_plain(struct unpack_receive *receive,
			 const struct unpack_sink *sink, uint64_t *size,
			 struct err *err);
