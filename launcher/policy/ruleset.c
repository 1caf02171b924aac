#include "ruleset.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "named.h"
#include "names.h"
#include "nearest.h"

static int no_memory(struct err *err)
{
	return err_sys(err, ENOMEM, "seccomp policy");
}

static size_t without_call(struct denial *list, size_t n, unsigned nr)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++)
		if (list[i].nr != nr)
			list[kept++] = list[i];
	return kept;
}

static void remove_group(struct ruleset *set, struct name group)
{
	size_t kept = 0;

	for (size_t i = 0; i < set->n; i++)
		if (!name_is(group, set->denials[i].rule->group))
			set->denials[kept++] = set->denials[i];
	set->n = kept;
}

static int add(struct denial **list, size_t *n, unsigned nr,
	       const struct rule *rule, struct err *err)
{
	/* Not array_push(): removals above would make it lose count. */
	struct denial *grown = realloc(*list, (*n + 1) * sizeof(**list));

	if (!grown)
		return no_memory(err);
	*list = grown;
	grown[(*n)++] = (struct denial){nr, rule};
	return 0;
}

static int add_denial(struct ruleset *set, unsigned nr, const struct rule *rule,
		      struct err *err)
{
	return add(&set->denials, &set->n, nr, rule, err);
}

static int add_choice(struct ruleset *set, unsigned nr, const struct rule *rule,
		      struct err *err)
{
	return add(&set->choices, &set->n_choices, nr, rule, err);
}

/*
 * What the launcher still has to call when the filter is loaded.  Why it failed
 * it need not write: it shares its memory with who waits for it.
 */
static const char *const launcher_needs[] = {"execve", "exit_group"};

#define N_NEEDS (sizeof(launcher_needs) / sizeof(*launcher_needs))

/* Whatever its arguments are. */
static bool policy_refuses(const struct ruleset *set, unsigned nr)
{
	for (size_t i = 0; i < set->n_choices; i++) {
		if (set->choices[i].nr != nr)
			continue;
		if (rule_allows(set->choices[i].rule))
			return false;
		if (rule_is_unconditional(set->choices[i].rule))
			return true;
	}
	return !rule_allows(set->fallback);
}

static int deny_call(struct ruleset *set, const struct syscall_name *call,
		     struct err *err)
{
	int nr = call->nr[set->machine];

	for (size_t i = 0; i < N_NEEDS; i++)
		if (!strcmp(call->name, launcher_needs[i]))
			return err_set(err, ERR_USAGE,
				       "system call %s cannot be denied: the "
				       "launcher needs it to start the program",
				       call->name);
	if (nr == SYSCALL_NONE)
		return 0;
	for (size_t i = 0; i < set->n; i++)
		if (set->denials[i].nr == (unsigned)nr &&
		    rule_is_unconditional(set->denials[i].rule))
			return 0; /* refused as it is, maybe by a signal */
	if (set->fallback && policy_refuses(set, (unsigned)nr))
		return 0;
	if (set->fallback) {
		set->n_choices = without_call(set->choices, set->n_choices,
					      (unsigned)nr);
		return add_choice(set, (unsigned)nr, &rule_denied, err);
	}
	set->n = without_call(set->denials, set->n, (unsigned)nr);
	return add_denial(set, (unsigned)nr, &rule_denied, err);
}

/* Takes away all that refuses a call, of the policy and of the floor. */
static int allow_call(struct ruleset *set, const struct syscall_name *call,
		      struct err *err)
{
	int nr = call->nr[set->machine];

	if (nr == SYSCALL_NONE)
		return 0;
	set->n = without_call(set->denials, set->n, (unsigned)nr);
	set->n_choices =
		without_call(set->choices, set->n_choices, (unsigned)nr);
	return set->fallback ? add_choice(set, (unsigned)nr, &rule_allowed, err)
			     : 0;
}

/* The policy allows it; what other groups say of it stays. */
static int choose_call(struct ruleset *set, const struct syscall_name *call,
		       struct err *err)
{
	int nr = call->nr[set->machine];

	if (nr == SYSCALL_NONE || !set->fallback)
		return 0;
	set->n_choices =
		without_call(set->choices, set->n_choices, (unsigned)nr);
	return add_choice(set, (unsigned)nr, &rule_allowed, err);
}

static int each_of_group(struct ruleset *set, struct name group,
			 int (*change)(struct ruleset *,
				       const struct syscall_name *,
				       struct err *),
			 struct err *err)
{
	const char *calls;
	size_t cursor = 0;
	struct name name;

	while ((calls = name_group_calls(group, &cursor)))
		while (name_next(&calls, ' ', &name))
			if (change(set, syscall_find(name.text, name.len),
				   err) < 0)
				return -1;
	return 0;
}

static int amend(struct ruleset *set, bool allow, struct name name,
		 struct err *err)
{
	const struct syscall_name *call;
	struct name group;

	if (!name_is_group(name)) {
		if (name_find_call(name, &call, err) < 0)
			return -1;
		if (!call)
			return 0;
		return allow ? allow_call(set, call, err)
			     : deny_call(set, call, err);
	}
	if (name_find_group(name, &group, err) < 0)
		return -1;
	if (!allow)
		return each_of_group(set, group, deny_call, err);
	remove_group(set, group);
	return each_of_group(set, group, choose_call, err);
}

static int amend_lists(struct ruleset *set, bool allow,
		       const char *const *lists, size_t n, struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		const char *cursor = lists[i];
		struct name name;

		while (name_next(&cursor, ',', &name))
			if (amend(set, allow, name, err) < 0)
				return -1;
	}
	return 0;
}

/* To the denials, or to the choices. */
static int add_rule(struct ruleset *set, const struct rule *rule, bool choice,
		    struct err *err)
{
	const char *cursor = rule->calls;
	struct name name;

	while (name_next(&cursor, ' ', &name)) {
		const struct syscall_name *call =
			syscall_find(name.text, name.len);
		int nr;

		assert(call); /* test_syscalls looks at the whole table */
		nr = call->nr[set->machine];
		if (nr != SYSCALL_NONE &&
		    (choice ? add_choice : add_denial)(set, (unsigned)nr, rule,
						       err) < 0)
			return -1;
	}
	return 0;
}

/* The floor's refusal of a call as a whole; not of some arguments. */
static int open_call(struct ruleset *set, const struct syscall_name *call,
		     struct err *err)
{
	int nr = call->nr[set->machine];

	(void)err;
	for (size_t i = 0; nr != SYSCALL_NONE && i < set->n; i++) {
		if (set->denials[i].nr != (unsigned)nr ||
		    !rule_is_unconditional(set->denials[i].rule))
			continue;
		set->n = without_call(set->denials, set->n, (unsigned)nr);
		break;
	}
	return 0;
}

static int open_list(struct ruleset *set, const char *list, struct err *err)
{
	const struct syscall_name *call;
	struct name name, group;

	while (list && name_next(&list, ',', &name)) {
		if (name_is_group(name)) {
			if (name_find_group(name, &group, err) < 0 ||
			    each_of_group(set, group, open_call, err) < 0)
				return -1;
			continue;
		}
		if (name_find_call(name, &call, err) < 0)
			return -1;
		if (call)
			open_call(set, call, err);
	}
	return 0;
}

static int compare_denials(const void *a, const void *b)
{
	const struct denial *one = a, *other = b;

	if (one->nr != other->nr)
		return one->nr < other->nr ? -1 : 1;
	return one->rule < other->rule ? -1 : one->rule > other->rule;
}

static void sort(struct denial *list, size_t n)
{
	if (n)
		qsort(list, n, sizeof(*list), compare_denials);
}

/* --- the policy's own part */

/* A policy cannot refuse what starts the program, nor look at how. */
static int check_need(const struct written *written, const char *name,
		      struct err *err)
{
	for (size_t i = 0; i < written->n; i++) {
		const struct rule *rule = &written->rules[i];
		const char *cursor = rule->calls;
		struct name call;

		while (name_next(&cursor, ' ', &call))
			if (name_is(call, name) &&
			    (!rule_allows(rule) ||
			     !rule_is_unconditional(rule)))
				return err_set(err, ERR_MANIFEST,
					       "%s: system call %s is only to "
					       "be allowed, without "
					       "conditions: the launcher "
					       "needs it to start the program",
					       rule->why, name);
	}
	return 0;
}

static int add_needs(struct ruleset *set, const struct written *written,
		     struct err *err)
{
	for (size_t i = 0; i < N_NEEDS; i++) {
		const char *name = launcher_needs[i];
		const struct syscall_name *call =
			syscall_find(name, strlen(name));

		if (check_need(written, name, err) < 0)
			return -1;
		set->n_choices = without_call(set->choices, set->n_choices,
					      (unsigned)call->nr[set->machine]);
		if (add_choice(set, (unsigned)call->nr[set->machine],
			       &rule_needed, err) < 0)
			return -1;
	}
	return 0;
}

static int add_written(struct ruleset *set, const struct written *written,
		       struct err *err)
{
	for (size_t i = 0; i < written->n; i++)
		if (add_rule(set, &written->rules[i], true, err) < 0)
			return -1;
	set->fallback = &written->fallback;
	return add_needs(set, written, err);
}

/* --- answers */

static int read_deny_action(const char *text, int *answer, struct err *err)
{
	if (strcmp(text, "errno") == 0) {
		*answer = EPERM;
		return 0;
	}
	if (policy_text_action(text, answer) && *answer != ANSWER_ALLOW)
		return 0;
	return err_set(err, ERR_USAGE,
		       "--deny-action \"%s\": it is kill, errno, errno:NAME or "
		       "log",
		       text);
}

static bool is_altered(const struct rule *rule)
{
	return !rule_allows(rule) && rule->answer != ENOSYS;
}

static void alter(struct denial *list, size_t n, struct rule *copies,
		  int answer)
{
	for (size_t i = 0; i < n; i++) {
		copies[i] = *list[i].rule;
		if (is_altered(list[i].rule))
			copies[i].answer = answer;
		list[i].rule = &copies[i];
	}
}

/* ENOSYS stays: it is there for those who have a way out. */
static int alter_answers(struct ruleset *set, const char *action,
			 struct err *err)
{
	struct rule *copies;
	int answer;

	if (!action)
		return 0;
	if (read_deny_action(action, &answer, err) < 0)
		return -1;
	copies = calloc(set->n + set->n_choices + 1, sizeof(*copies));
	if (!copies)
		return no_memory(err);
	set->altered = copies;
	alter(set->denials, set->n, copies, answer);
	alter(set->choices, set->n_choices, copies + set->n, answer);
	if (set->fallback) {
		struct rule *fallback = &copies[set->n + set->n_choices];

		*fallback = *set->fallback;
		if (is_altered(fallback))
			fallback->answer = answer;
		set->fallback = fallback;
	}
	return 0;
}

/* --- all together */

static int fill(struct ruleset *set, const struct policy_request *request,
		const struct written *written, struct err *err)
{
	for (size_t i = 0; i < n_rules; i++)
		if (rules[i].answer != ANSWER_ALLOW &&
		    !(rules[i].unless & request->features) &&
		    !(written && rule_may_be_opened(&rules[i])) &&
		    add_rule(set, &rules[i], false, err) < 0)
			return -1;
	if ((written && add_written(set, written, err) < 0) ||
	    open_list(set, request->open, err) < 0 ||
	    amend_lists(set, true, request->allow, request->n_allow, err) < 0 ||
	    amend_lists(set, false, request->deny, request->n_deny, err) < 0)
		return -1;
	sort(set->denials, set->n);
	sort(set->choices, set->n_choices);
	return alter_answers(set, request->deny_action, err);
}

static int unknown_policy(const char *name, struct err *err)
{
	struct nearest nearest;
	const char *best;

	nearest_start(&nearest, name);
	for (size_t i = 0; i < n_named_policies; i++)
		nearest_offer(&nearest, named_policies[i].name);
	best = nearest_best(&nearest);
	return err_set(err, ERR_USAGE,
		       best ? "no seccomp policy is named \"%s\"; the nearest "
			      "is \"%s\""
			    : "no seccomp policy is named \"%s\"; there are "
			      "default, strict, cape and cape-deny, and a file "
			      "is named with a slash, as in ./my.policy",
		       name, best);
}

static int read_named(const char *name, struct written **out, struct err *err)
{
	const struct named_policy *named = named_policy_find(name);

	if (!named)
		return unknown_policy(name, err);
	if (!named->text)
		return 0;
	return policy_text_read(named->text, strlen(named->text), name, out,
				err);
}

int ruleset_make(const struct policy_request *request, struct written *written,
		 enum machine machine, struct ruleset **out, struct err *err)
{
	auto_of(ruleset) struct ruleset *set = calloc(1, sizeof(*set));

	if (!set)
		return no_memory(err);
	set->machine = machine;
	if (!written && read_named(request->name, &set->own, err) < 0)
		return -1;
	if (fill(set, request, written ? written : set->own, err) < 0)
		return -1;
	*out = TAKE(set);
	return 0;
}

void ruleset_free(struct ruleset *set)
{
	if (!set)
		return;
	free(set->denials);
	free(set->choices);
	free(set->altered);
	written_free(set->own);
	free(set);
}
