#pragma once
/*
 * image_write: a locked tree becomes an image file.
 *
 * The same tree gives the same bytes: mtime 0 (or SOURCE_DATE_EPOCH), no host
 * names or ids, members in the tree's order.  The file or directory appears
 * whole under its name or not at all.
 */
#include "source.h"
#include "tree.h"

struct image_options {
	const char *output; /* path; its suffix chooses the format; "-" is
			       standard output */
	const char *format; /* NULL: by suffix; else "tar", "tar.zst", ... */
	long long mtime; /* seconds; of every member */
	bool no_index; /* a plain tar, which cannot be mounted */
	/* called now and then with bytes done; may be NULL */
	void (*progress)(void *context, off_t done, off_t total);
	void *context;
	/* NULL, or room for 65 bytes: the SHA-256, in hex, of the image as a
	 * plain tar, which is its identity in whatever form it is written */
	char *identity;
};

/* The names of --format, by number; NULL: there are no more. */
const char *image_format_name(size_t i);

int image_write(const struct tree *tree, const struct source *source,
		const struct image_options *options, struct err *err);
