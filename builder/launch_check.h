#pragma once
/*
 * launch_check: what a manifest says of the launch, held against the planned
 * image: a user, a program, a directory, a policy or a network that there is
 * not, and paths that the launcher does not unpack.
 *
 * What only the caller of the launcher may grant (`seccomp none`, `net host`,
 * `uid-pool`) is no mistake of the manifest.
 */
#include "err.h"
#include "plan.h"

int launch_check(const struct plan *plan, struct err *err);
