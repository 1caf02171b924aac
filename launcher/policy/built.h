#pragma once
/*
 * built: the type of what policy-gen writes, a program for each named policy
 * and set of features in gen/policy_MACHINE.h; to be included before that.
 */
#include <linux/filter.h>
#include <stddef.h>

#include "policy.h"

struct built_program {
	const struct sock_filter *code;
	size_t n;
};

struct built_policy {
	const char *name;
	struct built_program programs[POLICY_FEATURE_SETS];
};
