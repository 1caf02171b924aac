#include "refusal_words.h"

#include <stdio.h>
#include <string.h>

#include "errno_name.h"

bool refusal_is_kill(const struct refusal *refusal)
{
	return (refusal->answer.action & SECCOMP_RET_ACTION_FULL) !=
	       SECCOMP_RET_ERRNO;
}

const char *refusal_answer(const struct refusal *refusal, char room[16])
{
	int number = (int)(refusal->answer.action & SECCOMP_RET_DATA);
	const char *name = errno_name(number);

	if (refusal_is_kill(refusal))
		return refusal->n_hard == refusal->count ? "SIGKILL" : "SIGSYS";
	if (name)
		return name;
	snprintf(room, 16, "%d", number);
	return room;
}

/* The word is one of a list. */
static bool is_listed(const char *list, char separator, const char *word)
{
	size_t len = strlen(word);
	const char *at;

	for (at = list; (at = strstr(at, word)); at += len)
		if ((at == list || at[-1] == separator) &&
		    (at[len] == separator || at[len] == '\0'))
			return true;
	return false;
}

static bool has_answer(const struct rule *row, uint32_t action)
{
	if (row->answer == ANSWER_KILL)
		return action == SECCOMP_RET_KILL_PROCESS;
	return row->answer > 0 &&
	       action == (SECCOMP_RET_ERRNO | (uint32_t)row->answer);
}

static bool is_default(const struct policy_request *request)
{
	return strcmp(request->name, "default") == 0;
}

/* The row of the table that refuses the call, and answers what was answered. */
static const struct rule *find_row(const struct refusal *refusal,
				   const char *call,
				   const struct policy_request *request)
{
	const struct rule *row;

	for (row = rules; row < rules + n_rules; row++) {
		if (row->answer == ANSWER_ALLOW ||
		    row->unless & request->features ||
		    (!is_default(request) && rule_may_be_opened(row)) ||
		    !is_listed(row->calls, ' ', call) ||
		    (!refusal->is_mixed && !rule_holds(row, refusal->args)))
			continue;
		if (request->deny_action ||
		    has_answer(row, refusal->answer.action))
			return row;
		if (!refusal->is_mixed)
			break; /* the first that holds; somebody else was it */
	}
	return NULL;
}

static bool is_denied_by_option(const struct policy_request *request,
				const char *call)
{
	size_t i;

	for (i = 0; i < request->n_deny; i++)
		if (is_listed(request->deny[i], ',', call))
			return true;
	/* Nothing but a group of the option's is left. */
	return request->n_deny > 0 && is_default(request);
}

struct refusal_words refusal_words(const struct refusal *refusal,
				   const struct policy_request *request)
{
	struct refusal_words words = {
		.call = syscall_name_of(MACHINE_NATIVE, refusal->number)};

	if (!words.call) {
		words.rule = rule_unreviewed.group;
		return words;
	}
	words.row = find_row(refusal, words.call, request);
	if (words.row) {
		words.rule = words.row->group;
	} else if (is_denied_by_option(request, words.call)) {
		words.rule = "--syscall-deny";
		return words;
	} else {
		words.rule = request->name;
	}
	words.allows_call =
		!words.row || !(words.row->unless & POLICY_NET_HOST);
	words.allow = words.allows_call ? "--syscall-allow=" : "--net=host";
	return words;
}
