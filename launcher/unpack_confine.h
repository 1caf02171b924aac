#pragma once
/*
 * unpack_confine: jail-unpack gives up everything but reading descriptor 0,
 * writing descriptor 1, memory and time.
 *
 * Started by root: the current directory must be one that was removed (so that
 * nothing is or can be in it); it becomes the root, and the process an
 * unprivileged user of its own.  By anybody: no capability, no new privileges,
 * small limits, no other descriptor, and a seccomp allowlist that kills.
 */
#include "err.h"

/* seconds: of processor time. */
int unpack_confine(unsigned seconds, struct err *err);
