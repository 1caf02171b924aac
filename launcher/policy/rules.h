#pragma once
/*
 * rules: the default policy as a table, which calls a jail may not make, when,
 * what they answer, and why; and which calls it may make on purpose.
 *
 * One table for every machine: a call that a machine lacks has no effect there.
 * For one call the first row whose conditions all hold decides; a call that no
 * row refuses is allowed.  The same rows are compiled to the filter, printed,
 * looked up for the report and compared with docs/SECCOMP.md.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum condition_kind {
	CONDITION_NONE, /* ends a rule's list */
	CONDITION_IS, /* (argument & mask) == value */
	CONDITION_NOT, /* (argument & mask) != value */
	CONDITION_HAS, /* (argument & value) != 0; mask is not used */
	CONDITION_LESS, /* argument < value, unsigned; mask is not used */
	CONDITION_LESS_OR_IS,
	CONDITION_MORE,
	CONDITION_MORE_OR_IS,
};

/*
 * About one argument.  Our own table looks at the low 32 bits: the kernel drops
 * the high half of every argument that it is about, and so must we
 * (CVE-2019-7303, CVE-2019-10063).  A policy of the caller's may look at all
 * 64 (is_wide).
 */
struct condition {
	enum condition_kind kind;
	unsigned arg; /* 0 to 5 */
	uint64_t mask, value; /* 32 bits unless is_wide */
	const char *text; /* as people write it: "family == AF_VSOCK" */
	bool is_wide;
};

/* Answers beside errno numbers, which are positive. */
enum {
	ANSWER_ALLOW = 0,
	ANSWER_KILL = -1, /* the process, by SIGSYS */
	ANSWER_LOG = -2, /* allowed, and the kernel's log has it */
	ANSWER_TRAP = -3, /* SIGSYS that can be caught */
	ANSWER_FAKE = -4, /* not made, and 0 is returned */
};
#define ERRNO_MOST 4095 /* what the kernel passes on */

#define RULE_CONDITIONS 7 /* one an argument, and the end */

struct rule {
	const char *group; /* "mount" for @mount */
	const char *calls; /* names, a space between each two */
	struct condition when[RULE_CONDITIONS];
	unsigned unless; /* features, each of which lifts the rule */
	int answer;
	const char *why;
};

extern const struct rule rules[];
extern const size_t n_rules;

/* All conditions are true of a call's arguments. */
bool rule_holds(const struct rule *rule, const uint64_t args[6]);

bool rule_is_unconditional(const struct rule *rule);

/* The call is made, whether it is logged or not. */
bool rule_allows(const struct rule *rule);

/*
 * Policies other than default may allow what these groups refuse: it is about
 * the caller's own process.  All other rows stay whatever a policy says.
 */
bool rule_may_be_opened(const struct rule *rule);

/* What no row says, as rows. */
extern const struct rule rule_unreviewed; /* a number without a name */
extern const struct rule rule_denied; /* by --syscall-deny */
extern const struct rule rule_allowed; /* by --syscall-allow */
extern const struct rule rule_needed; /* by the launcher */

/* "EPERM", "SIGSYS" or "allowed". */
const char *rule_answer_text(const struct rule *rule);

/* The conditions in words, "and" between them; the features that lift it. */
void rule_print_conditions(const struct rule *rule, FILE *out);

/* The whole table as rows of Markdown. */
void rules_print(FILE *out);
