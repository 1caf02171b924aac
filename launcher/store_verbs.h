#pragma once
/*
 * store_verbs: `jaillaunch store list` and `jaillaunch store prune`.
 */
#include "err.h"
#include "opts.h"

extern const struct opt store_options[];

/* argv[0] is "store".  The exit status; err says why it is not 0. */
int store_verbs(int argc, char **argv, struct err *err);
