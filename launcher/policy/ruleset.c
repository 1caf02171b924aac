#include "ruleset.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

/* A piece of a list; not NUL-terminated. */
struct word {
	const char *text;
	size_t len;
};

/* The next word of a list; false at its end. */
static bool next_word(const char **cursor, char separator, struct word *out)
{
	if (!*cursor)
		return false;
	out->text = *cursor;
	out->len = (size_t)(strchrnul(*cursor, separator) - *cursor);
	*cursor = out->text[out->len] ? out->text + out->len + 1 : NULL;
	return true;
}

static bool word_is(struct word word, const char *text)
{
	return strlen(text) == word.len && !memcmp(text, word.text, word.len);
}

static int no_memory(struct err *err)
{
	return err_sys(err, ENOMEM, "seccomp policy");
}

static bool is_unconditional(const struct rule *rule)
{
	return rule->when[0].kind == CONDITION_NONE;
}

static void remove_call(struct ruleset *set, unsigned nr)
{
	size_t kept = 0;

	for (size_t i = 0; i < set->n; i++)
		if (set->denials[i].nr != nr)
			set->denials[kept++] = set->denials[i];
	set->n = kept;
}

static bool group_is(const struct rule *rule, struct word group)
{
	return word_is(group, rule->group);
}

static void remove_group(struct ruleset *set, struct word group)
{
	size_t kept = 0;

	for (size_t i = 0; i < set->n; i++)
		if (!group_is(set->denials[i].rule, group))
			set->denials[kept++] = set->denials[i];
	set->n = kept;
}

static int add_denial(struct ruleset *set, unsigned nr, const struct rule *rule,
		      struct err *err)
{
	/* Not array_push(): removals above would make it lose count. */
	struct denial *grown =
		realloc(set->denials, (set->n + 1) * sizeof(*set->denials));

	if (!grown)
		return no_memory(err);
	set->denials = grown;
	set->denials[set->n++] = (struct denial){nr, rule};
	return 0;
}

/* What the launcher still has to call when the filter is loaded. */
static const char *const launcher_needs[] = {"execve", "execveat", "write",
					     "exit_group"};

static int deny_call(struct ruleset *set, const struct syscall_name *call,
		     struct err *err)
{
	int nr = call->nr[set->machine];

	for (size_t i = 0; i < sizeof(launcher_needs) / sizeof(*launcher_needs);
	     i++)
		if (!strcmp(call->name, launcher_needs[i]))
			return err_set(err, ERR_USAGE,
				       "system call %s cannot be denied: the "
				       "launcher needs it to start the program",
				       call->name);
	if (nr == SYSCALL_NONE)
		return 0;
	for (size_t i = 0; i < set->n; i++)
		if (set->denials[i].nr == (unsigned)nr &&
		    is_unconditional(set->denials[i].rule))
			return 0; /* refused as it is, maybe by a signal */
	remove_call(set, (unsigned)nr);
	return add_denial(set, (unsigned)nr, &rule_denied, err);
}

static int deny_calls(struct ruleset *set, const char *calls, struct err *err)
{
	struct word word;

	while (next_word(&calls, ' ', &word))
		if (deny_call(set, syscall_find(word.text, word.len), err) < 0)
			return -1;
	return 0;
}

static int deny_group(struct ruleset *set, struct word group, struct err *err)
{
	for (size_t i = 0; i < n_rules; i++)
		if (group_is(&rules[i], group) &&
		    deny_calls(set, rules[i].calls, err) < 0)
			return -1;
	return 0;
}

#define NAME_LIMIT 64 /* longer than any name */

/* How many letters to change, drop or insert to make one of the other. */
static unsigned distance(struct word word, const char *other)
{
	unsigned row[NAME_LIMIT + 1];
	size_t len = strlen(other);

	for (unsigned i = 0; i <= len; i++)
		row[i] = i;
	for (unsigned i = 0; i < word.len; i++) {
		unsigned corner = row[0]++;

		for (size_t j = 0; j < len; j++) {
			unsigned best = corner + (word.text[i] != other[j]);

			corner = row[j + 1];
			if (corner + 1 < best)
				best = corner + 1;
			if (row[j] + 1 < best)
				best = row[j] + 1;
			row[j + 1] = best;
		}
	}
	return row[len];
}

struct nearest {
	struct word word;
	const char *name;
	unsigned distance;
};

static void consider(struct nearest *nearest, const char *name)
{
	unsigned away = distance(nearest->word, name);

	if (away < nearest->distance) {
		nearest->distance = away;
		nearest->name = name;
	}
}

static const char *nearest_name(struct word word, bool is_group)
{
	struct nearest nearest = {word, NULL, UINT32_MAX};

	if (word.len > NAME_LIMIT)
		return is_group ? rules[0].group : syscall_names[0].name;
	for (size_t i = 0; is_group && i < n_rules; i++)
		consider(&nearest, rules[i].group);
	for (size_t i = 0; !is_group && i < n_syscall_names; i++)
		consider(&nearest, syscall_names[i].name);
	return nearest.name;
}

static int unknown(struct word word, bool is_group, struct err *err)
{
	const char *at = is_group ? "@" : "";

	if (word.len == 0)
		return err_set(err, ERR_USAGE,
			       "list of system calls: empty name%s",
			       is_group ? " behind \"@\"" : "");
	return err_set(err, ERR_USAGE,
		       "no system call%s is named \"%s%.*s\"; the nearest is "
		       "\"%s%s\"",
		       is_group ? " group" : "", at, (int)word.len, word.text,
		       at, nearest_name(word, is_group));
}

static bool group_exists(struct word group)
{
	for (size_t i = 0; i < n_rules; i++)
		if (group_is(&rules[i], group))
			return true;
	return false;
}

static int amend(struct ruleset *set, bool allow, struct word word,
		 struct err *err)
{
	bool is_group = word.len > 0 && word.text[0] == '@';
	const struct syscall_name *call;

	if (is_group) {
		word = (struct word){word.text + 1, word.len - 1};
		if (!group_exists(word))
			return unknown(word, true, err);
		if (!allow)
			return deny_group(set, word, err);
		remove_group(set, word);
		return 0;
	}
	call = syscall_find(word.text, word.len);
	if (!call)
		return unknown(word, false, err);
	if (!allow)
		return deny_call(set, call, err);
	remove_call(set, (unsigned)call->nr[set->machine]);
	return 0;
}

static int amend_lists(struct ruleset *set, bool allow,
		       const char *const *lists, size_t n, struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		const char *cursor = lists[i];
		struct word word;

		while (next_word(&cursor, ',', &word))
			if (amend(set, allow, word, err) < 0)
				return -1;
	}
	return 0;
}

static int add_rule(struct ruleset *set, const struct rule *rule,
		    struct err *err)
{
	const char *cursor = rule->calls;
	struct word word;

	while (next_word(&cursor, ' ', &word)) {
		const struct syscall_name *call =
			syscall_find(word.text, word.len);
		int nr;

		assert(call); /* test_syscalls looks at the whole table */
		nr = call->nr[set->machine];
		if (nr != SYSCALL_NONE &&
		    add_denial(set, (unsigned)nr, rule, err) < 0)
			return -1;
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

static int fill(struct ruleset *set, const struct policy_request *request,
		struct err *err)
{
	for (size_t i = 0; i < n_rules; i++)
		if (rules[i].answer != ANSWER_ALLOW &&
		    !(rules[i].unless & request->features) &&
		    add_rule(set, &rules[i], err) < 0)
			return -1;
	if (amend_lists(set, true, request->allow, request->n_allow, err) < 0 ||
	    amend_lists(set, false, request->deny, request->n_deny, err) < 0)
		return -1;
	if (set->n)
		qsort(set->denials, set->n, sizeof(*set->denials),
		      compare_denials);
	return 0;
}

int ruleset_make(const struct policy_request *request, enum machine machine,
		 struct ruleset **out, struct err *err)
{
	auto_of(ruleset) struct ruleset *set = calloc(1, sizeof(*set));

	if (!set)
		return no_memory(err);
	if (strcmp(request->name, "default") != 0)
		return err_set(err, ERR_USAGE,
			       "no seccomp policy is named \"%s\"; the nearest "
			       "is \"default\"",
			       request->name);
	set->machine = machine;
	if (fill(set, request, err) < 0)
		return -1;
	*out = TAKE(set);
	return 0;
}

void ruleset_free(struct ruleset *set)
{
	if (!set)
		return;
	free(set->denials);
	free(set);
}

static bool holds(const struct condition *when, const uint64_t args[6])
{
	uint32_t low = (uint32_t)args[when->arg];

	switch (when->kind) {
	case CONDITION_IS:
		return (low & when->mask) == when->value;
	case CONDITION_NOT:
		return (low & when->mask) != when->value;
	case CONDITION_HAS:
		return (low & when->value) != 0;
	case CONDITION_NONE:
		break;
	}
	return true;
}

static bool all_hold(const struct rule *rule, const uint64_t args[6])
{
	for (const struct condition *when = rule->when; when->kind; when++)
		if (!holds(when, args))
			return false;
	return true;
}

const struct rule *ruleset_find(const struct ruleset *set, unsigned nr,
				const uint64_t args[6])
{
	if (!syscall_name_of(set->machine, nr))
		return &rule_unreviewed;
	for (size_t i = 0; i < set->n; i++)
		if (set->denials[i].nr == nr &&
		    all_hold(set->denials[i].rule, args))
			return set->denials[i].rule;
	return NULL;
}
