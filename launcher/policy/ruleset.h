#pragma once
/*
 * ruleset: the rules that hold for one request on one machine.
 *
 * Denials come from the table, less what features and --syscall-allow lift,
 * plus what --syscall-deny adds.  A policy other than the default one decides
 * first, by choices and a fallback; what it allows, the denials may still
 * refuse.  They are the floor under every policy, whoever wrote it.
 *
 * Both lists are sorted by number and, for one number, in the order in which
 * they were written: the first whose conditions hold decides.
 */
#include <stdint.h>

#include "cleanup.h"
#include "err.h"
#include "policy.h"
#include "rules.h"
#include "syscalls.h"
#include "written.h"

struct denial {
	unsigned nr;
	const struct rule *rule;
};

struct ruleset {
	enum machine machine;
	struct denial *denials;
	size_t n;
	struct denial *choices;
	size_t n_choices;
	const struct rule *fallback; /* NULL: the default policy, no choices */
	struct written *own; /* a named policy as it was read */
	struct rule *altered; /* the table with other answers */
};

/*
 * written is the caller's policy and outlives the set; NULL: the named one.
 * A name that only another machine has is accepted and has no effect.
 * Denying what is also allowed denies it (with EPERM).  ERR_USAGE for an
 * unknown name, with the nearest, and for a call that the launcher needs;
 * ERR_MANIFEST when it is the policy that refuses such a call.
 */
int ruleset_make(const struct policy_request *request, struct written *written,
		 enum machine machine, struct ruleset **out, struct err *err);
void ruleset_free(struct ruleset *set);
DEFINE_AUTO(ruleset)

/* The rules about a number, which stand together; NULL: none. */
const struct denial *ruleset_denials(const struct ruleset *set, unsigned nr,
				     size_t *n);
const struct denial *ruleset_choices(const struct ruleset *set, unsigned nr,
				     size_t *n);

/*
 * The rule that refuses a call of the machine's own ABI (or has it logged), or
 * NULL: allowed.
 */
const struct rule *ruleset_find(const struct ruleset *set, unsigned nr,
				const uint64_t args[6]);
