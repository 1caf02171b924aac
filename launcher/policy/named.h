#pragma once
/*
 * named: the policies that have a name.  All but the default one, which is the
 * table of rules, are texts as anybody could write them.
 */
#include <stddef.h>

struct named_policy {
	const char *name, *summary;
	const char *text; /* NULL: the table of rules and no more */
};
extern const struct named_policy *const named_policies;
extern const size_t n_named_policies;

const struct named_policy *named_policy_find(const char *name);
