#pragma once
/*
 * policy_command: `jaillaunch policy ...`, which jail-policy carries out in our
 * place: it has the libraries.
 */
#include "err.h"

/* Returns only on failure: the exit status; err says why. */
int policy_command(int argc, char **argv, struct err *err);
