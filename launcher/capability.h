#pragma once
/*
 * capability: names of capabilities as a set of bits.
 */
#include <stdint.h>

#include "err.h"

/*
 * "chown,cap_net_raw" (with or without "cap_", any case), "none".  ERR_USAGE
 * for a name that is none, with the nearest one.
 */
int capabilities_parse(const char *list, uint64_t *set, struct err *err);

/* The number of the newest capability that we know by name, plus one. */
#define N_CAPABILITIES 41
extern const char *const capability_names[N_CAPABILITIES];
