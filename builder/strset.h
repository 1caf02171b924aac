#pragma once
/*
 * strset: which strings have been seen.  Copies what it is given.
 */
#include <stdbool.h>
#include <stddef.h>

struct strset {
	char **slots; /* open addressing, at most half full */
	size_t room, n;
};

bool strset_has(const struct strset *set, const char *text);

/* 1: added; 0: it was there; -ENOMEM. */
int strset_add(struct strset *set, const char *text);
void strset_clear(struct strset *set);
