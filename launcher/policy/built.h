#pragma once
/*
 * built: the type of what policy-gen writes, a program for each set of features
 * in gen/policy_MACHINE.h; to be included before that.
 */
#include <linux/filter.h>
#include <stddef.h>

#include "policy.h"

struct built_program {
	const struct sock_filter *code;
	size_t n;
};
