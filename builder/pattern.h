#pragma once
/*
 * pattern: paths with `*`, `?`, `[...]` (none of which match a slash) and
 * `**` (any number of components).  A dot at the start is like any other
 * character; a "[" that is never closed is a letter.  A backslash takes the next character for itself.
 */
#include <stdbool.h>
#include <stddef.h>

#include "source.h"

bool pattern_has_magic(const char *pattern);
bool pattern_match(const char *pattern, const char *path);

struct matches {
	char **paths; /* sorted, each once */
	size_t n;
};

/*
 * The paths of the source that match an absolute pattern.  Links to
 * directories are followed by name, not by `**`.  A pattern without magic
 * matches itself if it is there.  0, or -errno; no match is 0.
 */
int pattern_expand(const struct source *source, const char *pattern,
		   struct matches *out);
void matches_clear(struct matches *matches);
