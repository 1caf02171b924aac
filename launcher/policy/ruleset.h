#pragma once
/*
 * ruleset: the rules that hold for one request on one machine: the table, less
 * what features and --syscall-allow lift, plus what --syscall-deny adds.
 *
 * Denials are sorted by number and, for one number, in the order of the table:
 * the first whose conditions hold decides.
 */
#include <stdint.h>

#include "cleanup.h"
#include "err.h"
#include "policy.h"
#include "rules.h"
#include "syscalls.h"

struct denial {
	unsigned nr;
	const struct rule *rule;
};

struct ruleset {
	enum machine machine;
	struct denial *denials;
	size_t n;
};

/*
 * A name that only another machine has is accepted and has no effect.
 * Denying what is also allowed denies it (with EPERM).  ERR_USAGE for an
 * unknown name, with the nearest, and for a call that the launcher needs.
 */
int ruleset_make(const struct policy_request *request, enum machine machine,
		 struct ruleset **out, struct err *err);
void ruleset_free(struct ruleset *set);
DEFINE_AUTO(ruleset)

/* The rule that refuses a call of the machine's own ABI, or NULL: allowed. */
const struct rule *ruleset_find(const struct ruleset *set, unsigned nr,
				const uint64_t args[6]);
