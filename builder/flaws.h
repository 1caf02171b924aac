#pragma once
/*
 * flaws: what is wrong with an image, a line each.
 */
#include <stddef.h>

enum { FLAWS_MAX = 100 };

struct flaws {
	char **items; /* "PATH: words", printable */
	size_t n; /* those kept: FLAWS_MAX at most */
	size_t n_more;
};

/* name may be NULL (the image as a whole).  0, or -1 without memory. */
int flaws_add(struct flaws *flaws, const char *name, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void flaws_clear(struct flaws *flaws);
