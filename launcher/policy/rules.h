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
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum condition_kind {
	CONDITION_NONE, /* ends a rule's list */
	CONDITION_IS, /* (argument & mask) == value */
	CONDITION_NOT, /* (argument & mask) != value */
	CONDITION_HAS, /* (argument & value) != 0; mask is not used */
};

/*
 * About the low 32 bits of one argument: the kernel drops the high half of
 * every argument that we look at, and so must we (CVE-2019-7303,
 * CVE-2019-10063).
 */
struct condition {
	enum condition_kind kind;
	unsigned arg; /* 0 to 5 */
	uint32_t mask, value;
	const char *text; /* as people write it: "family == AF_VSOCK" */
};

/* Answers beside errno numbers, which are positive. */
enum { ANSWER_ALLOW = 0, ANSWER_KILL = -1 };

#define RULE_CONDITIONS 5

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

/* What no row says, as rows. */
extern const struct rule rule_unreviewed; /* a number without a name */
extern const struct rule rule_denied; /* by --syscall-deny */

/* "EPERM", "SIGSYS" or "allowed". */
const char *rule_answer_text(const struct rule *rule);

/* The conditions in words, "and" between them; the features that lift it. */
void rule_print_conditions(const struct rule *rule, FILE *out);

/* The whole table as rows of Markdown. */
void rules_print(FILE *out);
