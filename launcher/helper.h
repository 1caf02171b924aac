#pragma once
/*
 * helper: where the programs are that jaillaunch calls, so that it need not
 * link what they link: jail-unpack, jail-policy.
 */
#include "err.h"

/* Beside ourselves (a build directory), or where `make install` puts it. */
int helper_find(const char *name, char **path, struct err *err);
