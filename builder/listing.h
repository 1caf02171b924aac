#pragma once
/*
 * listing: the names in a directory of the source, sorted bytewise, so that
 * the order in which a file system keeps them never shows.
 */
#include <stddef.h>

#include "cleanup.h"
#include "source.h"

struct listing {
	int fd; /* the directory, for fstatat() and openat() of the names */
	char **names;
	size_t n;
};

/* 0, or -errno; -ENOTDIR when path is no directory. */
int listing_open(const struct source *source, const char *path,
		 struct listing **out);
void listing_free(struct listing *listing);
DEFINE_AUTO(listing)
