#pragma once
/*
 * owners: which Debian package each of many files came from, by the database
 * of the source, read without dpkg.
 */
#include <stddef.h>

#include "err.h"
#include "source.h"

struct owned {
	const char *path; /* real path in the source; the caller's */
	char *package; /* NULL: no package has it */
};

/* Sorts the items by path and fills package.  A source without a database is
 * one without packages. */
int owners_find(const struct source *source, struct owned *items, size_t n,
		struct err *err);
void owners_clear(struct owned *items, size_t n);
