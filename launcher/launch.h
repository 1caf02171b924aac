#pragma once
/*
 * launch: from what was typed to the program's end: spec, plan, processes,
 * report.  What an attempt shows that cannot be had here is learned, and the
 * launch tried anew without it.
 */
#include "args.h"
#include "err.h"

/* The exit status; err is filled in where there is more to say. */
int launch_run(const struct args *args, char *const *argv, struct err *err);
