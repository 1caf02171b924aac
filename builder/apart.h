#pragma once
/*
 * apart: an output must not take the place of what it is made of.
 */
#include <stddef.h>

#include "err.h"

/* ERR_USAGE when an output would replace an input; any may be NULL. */
int apart_check(const char *output, const char *const *inputs, size_t n,
		struct err *err);
