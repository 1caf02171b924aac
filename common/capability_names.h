#pragma once
/*
 * capability_names: each capability's name, without "cap_", by its number, as in
 * <linux/capability.h>.
 */

/* The number of the newest one that we know by name, plus one. */
#define N_CAPABILITIES 41
extern const char *const capability_names[N_CAPABILITIES];
