#pragma once
/*
 * filecaps: file capabilities as the kernel keeps them, in the extended
 * attribute security.capability.
 */
#include <stddef.h>

#include "err.h"

#define FILECAPS_NAME "security.capability"
enum { FILECAPS_SIZE = 20 };

/* names: "cap_x[,cap_y]"; each is made permitted and effective. */
int filecaps_encode(const char *names, unsigned char out[FILECAPS_SIZE],
		    struct err *err);

/*
 * The names of a value that filecaps_encode() would give, owned by the caller,
 * in the order of the capabilities' numbers.  NULL: it is no such value, or
 * there is no memory.
 */
char *filecaps_decode(const void *value, size_t len);
