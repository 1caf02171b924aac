#pragma once
/*
 * policy_load: the seccomp filter of a launch.  A policy as it was built in is
 * taken as it is; one that is amended, or the caller's own, is compiled by
 * jail-policy, a program of its own, since only then libraries are needed; and
 * kept (policy_cache.h), so that the next launch needs nothing.
 */
#include "policy/policy.h"

struct loaded_policy {
	struct policy_request request; /* with the text of a file */
	struct sock_fprog program;
	void *owned; /* what program points to, unless it is built in */
	char *text;
};

/*
 * As policy_filter().  A request whose name is a file's path gets its text from
 * there, read once, unless it brings one.
 */
int policy_load(const struct policy_request *request, struct loaded_policy *out,
		struct err *err);
void policy_unload(struct loaded_policy *policy);
