#pragma once
/*
 * given_fd: a descriptor that the caller has open, and names by its number.
 */
#include <stdbool.h>

#include "err.h"

/* "3"; is it open?  That is up to others. */
bool given_fd_parse(const char *text, int *out);

/* "fd:3", where a file could be named instead; and "-", which is refused. */
bool given_fd_is(const char *where);

/* A copy of it that is ours, to write to: a descriptor, or -1. */
int given_fd_copy(const char *option, const char *where, struct err *err);
