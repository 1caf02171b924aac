#pragma once
/*
 * outfile: an output file that appears under its name whole or not at all.
 *
 * The bytes go to an unnamed file (O_TMPFILE) in the same directory, or, where
 * the file system has none, to ".NAME.partial" (of a long NAME its beginning);
 * outfile_commit() makes them durable and gives them the name.  Freeing without
 * commit leaves nothing.
 * What is there and no file (a device, a pipe) is written to as it is.
 */
#include <stdbool.h>

#include "cleanup.h"
#include "err.h"

/* The format of it: long names are cut, for a name has 255 bytes at most. */
#define OUTFILE_PARTIAL ".%.246s.partial"

struct outfile {
	int fd; /* write here */
	int dir_fd;
	char *path, *name, *partial;
	bool is_named; /* the partial name exists */
	bool is_stream; /* no file: there is no name to give */
};

/* mode is that of the finished file whatever the umask. */
int outfile_open(const char *path, unsigned mode, struct outfile **out,
		 struct err *err);
int outfile_commit(struct outfile *file, struct err *err);
void outfile_free(struct outfile *file);
DEFINE_AUTO(outfile)
