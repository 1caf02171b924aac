#pragma once
/*
 * write_tar: a tree as a tar, compressed or not.
 */
#include "image_write.h"

/*
 * filter: as for a sink.  The bytes go to fd, which may be a pipe; output in
 * options names it in messages.
 */
int write_tar(const struct tree *tree, const struct source *source,
	      const struct image_options *options, const char *filter, int fd,
	      struct err *err);

/*
 * For images of other forms: fills options->identity, unless that is NULL, with
 * the digest of the tar that the same tree gives.
 */
int write_tar_identity(const struct tree *tree, const struct source *source,
		       const struct image_options *options, struct err *err);
