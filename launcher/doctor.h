#pragma once
/*
 * doctor: what this kernel, this host and this caller can do for a launch: each
 * primitive (primitive.h) is tried, in a process of its own that ends at once.
 */
#include "err.h"
#include "opts.h"

extern const struct opt doctor_options[];

/* argv[0] is "doctor".  0: a launch works here; else err says why not. */
int doctor(int argc, char **argv, struct err *err);
