#pragma once
/*
 * filecaps: file capabilities as the kernel keeps them, in the extended
 * attribute security.capability.
 */
#include "err.h"

#define FILECAPS_NAME "security.capability"
enum { FILECAPS_SIZE = 20 };

/* names: "cap_x[,cap_y]"; each is made permitted and effective. */
int filecaps_encode(const char *names, unsigned char out[FILECAPS_SIZE],
		    struct err *err);
