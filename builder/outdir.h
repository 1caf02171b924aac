#pragma once
/*
 * outdir: an output directory that appears under its name whole or not at all.
 *
 * It is made as ".NAME.partial" beside its name, 0700, so that nobody puts a
 * link in our way, and renamed by outdir_commit() when all in it is durable.
 * Freeing without commit leaves nothing.  One with something in it is never
 * replaced; what a killed build left of a partial one is removed.
 */
#include <stdbool.h>

#include "cleanup.h"
#include "err.h"

struct outdir {
	int fd; /* of the directory */
	char *path; /* without slashes at its end */
	char *partial;
	bool is_whole;
};

int outdir_open(const char *path, struct outdir **out, struct err *err);
int outdir_commit(struct outdir *dir, struct err *err);
void outdir_free(struct outdir *dir);
DEFINE_AUTO(outdir)
