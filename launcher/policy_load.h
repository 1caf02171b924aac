#pragma once
/*
 * policy_load: the seccomp filter of a launch.  A policy as it was built in is
 * taken as it is; one that is amended is compiled by jail-policy, a program of
 * its own, since only then libseccomp is needed.
 */
#include "policy/policy.h"

/* As policy_filter(). */
int policy_load(const struct policy_request *request,
		struct sock_fprog *program, void **owned, struct err *err);
