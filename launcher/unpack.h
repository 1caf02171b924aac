#pragma once
/*
 * unpack: an image's archive becomes a tree below a directory.
 *
 * Two processes.  jail-unpack (a strict reader of tar behind zlib, liblzma and
 * libzstd; no privileges, an empty root, a seccomp allowlist) reads the archive
 * from descriptor 0 and writes records (unpack_record.h) to descriptor 1.  The
 * launcher believes none of it: every record is checked again (path, type,
 * mode, ids, device, limits) and made below dir_fd by openat() without
 * following a link.  See docs/UNPACKING.md.
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "err.h"
#include "held_signals.h"
#include "sha256.h"

/* A directory that is there for an instant, with a process id behind it. */
#define UNPACK_NOWHERE ".nowhere-"

struct unpack_limits { /* 0: the default of each */
	uint64_t bytes; /* content, all files together */
	uint64_t members;
	unsigned depth; /* components of a path */
	unsigned ratio; /* content bytes per byte of the image */
	unsigned seconds; /* of wall time */
};

/*
 * The digest is what jail-unpack computed: right for every image that did not
 * take jail-unpack over.  So a tree may be kept under it only where nothing is
 * lost when an image's author lies about his own image's digest.
 */
struct unpack_result {
	uint64_t bytes, members;
	char digest[65]; /* SHA-256 of the uncompressed tar, hex */
};

struct unpack_job {
	int image_fd; /* read from its start; position is moved */
	const char *name; /* of the image, for messages */
	/*
	 * An empty directory, below one that only the caller can enter.  It
	 * becomes the jail's "/" (root's, 0755, whatever the image says).
	 */
	int dir_fd;
	const char *helper; /* path of jail-unpack */
	struct unpack_limits limits;
	bool is_plain; /* set by unpack_plain() */
	/* Or NULL.  The caller fails, and lets them go, when one waits. */
	const struct held_signals *held;
};

/*
 * All or nothing is the caller's: on failure he removes what is below dir_fd
 * (unpack_remove()).  ERR_INPUT: the archive is refused, and why, with the
 * member's number and name; ERR_SYSTEM, ERR_HOST: as usual.
 */
int unpack_image(const struct unpack_job *job, struct unpack_result *out,
		 struct err *err);

/*
 * Only what jail-unpack's decompressors make of the image, to out_fd: meant to
 * be the plain tar, but nobody has looked into it.  The hash is computed here,
 * over the bytes that were written.  dir_fd may be any directory of ours alone.
 */
int unpack_plain(const struct unpack_job *job, int out_fd, struct sha256 *hash,
		 uint64_t *size, struct err *err);

/*
 * Removes everything below a directory, following nothing, whatever its modes
 * say; the directory stays.  Safe after fork() in a threaded process: no
 * allocation.  0 or -errno.
 */
int unpack_remove(int dir_fd);
