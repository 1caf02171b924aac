#pragma once
/*
 * policy_verbs: `jaillaunch policy show`, `explain` and `check`, which
 * jaillaunch leaves to jail-policy.
 */
#include "err.h"

/* argv[0] is "policy".  The exit status; err says why it is not 0. */
int policy_verbs(int argc, char **argv, struct err *err);
