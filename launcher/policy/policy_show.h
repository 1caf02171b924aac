#pragma once
/*
 * policy_show: a ruleset in words.
 */
#include <stdio.h>

#include "ruleset.h"

/*
 * As a policy's text: read again it is the same policy.  What the floor still
 * refuses of what is allowed is told in comments.
 */
void policy_show(const struct ruleset *set, FILE *out);

/* A line a call, or all that is said about one call, in order. */
void policy_explain(const struct ruleset *set, FILE *out);
void policy_explain_call(const struct ruleset *set,
			 const struct syscall_name *call, FILE *out);

/* The policy allows the call, and the floor refuses it whatever is asked. */
bool policy_is_overruled(const struct ruleset *set, unsigned nr);
