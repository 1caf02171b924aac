#pragma once
/*
 * refusal_words: why a call was refused, and what would allow it.
 *
 * The answer is the filter's; the reason is looked up in the table that it was
 * compiled from.  A policy of the caller's is named as a whole: its rules are
 * jail-policy's to read (`jaillaunch policy explain FILE CALL`).
 */
#include "policy/policy.h"
#include "policy/rules.h"
#include "refusals.h"

struct refusal_words {
	const char *call; /* NULL: the number has no name */
	const char *rule; /* a group of the table, or what else refuses it */
	const struct rule *row; /* of the table; or NULL */
	const char *allow; /* the option that allows it; NULL: none does */
	bool allows_call; /* the option goes on with the call's name */
};

struct refusal_words refusal_words(const struct refusal *refusal,
				   const struct policy_request *request);

/* "EPERM", "SIGSYS" and so on: what the caller got. */
const char *refusal_answer(const struct refusal *refusal, char room[16]);
bool refusal_is_kill(const struct refusal *refusal);
