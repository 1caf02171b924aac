#include "policy_show.h"

#include <string.h>

#define WIDTH 78

/* The rules of the policy itself about a call: those of a choice list, or,
 * under the default policy, the table's. */
static const struct denial *own_rules(const struct ruleset *set, unsigned nr,
				      size_t *n)
{
	return set->fallback ? ruleset_choices(set, nr, n)
			     : ruleset_denials(set, nr, n);
}

static int otherwise(const struct ruleset *set)
{
	return set->fallback ? set->fallback->answer : ANSWER_ALLOW;
}

/* The answer behind all rules with conditions. */
static int last_answer(const struct ruleset *set, unsigned nr)
{
	size_t n;
	const struct denial *own = own_rules(set, nr, &n);

	for (size_t i = 0; i < n; i++)
		if (rule_is_unconditional(own[i].rule))
			return own[i].rule->answer;
	return otherwise(set);
}

static const struct rule *floor_of(const struct ruleset *set, unsigned nr,
				   size_t i)
{
	size_t n;
	const struct denial *floor = ruleset_denials(set, nr, &n);

	return set->fallback && i < n ? floor[i].rule : NULL;
}

static bool may_be_allowed(const struct ruleset *set, unsigned nr)
{
	size_t n;
	const struct denial *own = own_rules(set, nr, &n);
	int last = last_answer(set, nr);

	for (size_t i = 0; i < n && !rule_is_unconditional(own[i].rule); i++)
		if (rule_allows(own[i].rule))
			return true;
	return last == ANSWER_ALLOW || last == ANSWER_LOG;
}

bool policy_is_overruled(const struct ruleset *set, unsigned nr)
{
	const struct rule *floor = floor_of(set, nr, 0);

	return floor && rule_is_unconditional(floor) && !rule_allows(floor) &&
	       may_be_allowed(set, nr);
}

/* Every call of the machine, by name. */
static const struct syscall_name *next_call(const struct ruleset *set,
					    size_t *cursor)
{
	while (*cursor < n_syscall_names) {
		const struct syscall_name *call = &syscall_names[(*cursor)++];

		if (call->nr[set->machine] != SYSCALL_NONE)
			return call;
	}
	return NULL;
}

/* --- show */

static void show_conditions(const struct ruleset *set, FILE *out)
{
	const struct syscall_name *call;
	size_t cursor = 0, n;

	while ((call = next_call(set, &cursor))) {
		const struct denial *own =
			own_rules(set, (unsigned)call->nr[set->machine], &n);

		for (size_t i = 0; i < n && !rule_is_unconditional(own[i].rule);
		     i++) {
			policy_text_print_action(own[i].rule->answer, out);
			fprintf(out, " %s", call->name);
			policy_text_print_conditions(own[i].rule, out);
			fputc('\n', out);
		}
	}
}

/* "allow a b c", in lines that are not too long. */
static void show_answer(const struct ruleset *set, int answer, FILE *out)
{
	const struct syscall_name *call;
	size_t cursor = 0, column = 0;

	while ((call = next_call(set, &cursor))) {
		size_t len = strlen(call->name) + 1;

		if (last_answer(set, (unsigned)call->nr[set->machine]) !=
		    answer)
			continue;
		if (column && column + len > WIDTH) {
			fputc('\n', out);
			column = 0;
		}
		if (!column) {
			policy_text_print_action(answer, out);
			column = 8;
		}
		column += len;
		fprintf(out, " %s", call->name);
	}
	if (column)
		fputc('\n', out);
}

/* Which answers there are, from ANSWER_FAKE on. */
#define N_ANSWERS (ERRNO_MOST - ANSWER_FAKE + 1)

static void show_answers(const struct ruleset *set, FILE *out)
{
	bool is_there[N_ANSWERS] = {false};
	const struct syscall_name *call;
	size_t cursor = 0;

	while ((call = next_call(set, &cursor)))
		is_there[last_answer(set, (unsigned)call->nr[set->machine]) -
			 ANSWER_FAKE] = true;
	for (int i = 0; i < N_ANSWERS; i++)
		if (is_there[i] && i + ANSWER_FAKE != otherwise(set))
			show_answer(set, i + ANSWER_FAKE, out);
}

static void show_floor(const struct ruleset *set, FILE *out)
{
	const struct syscall_name *call;
	size_t cursor = 0;

	if (!set->fallback)
		return;
	fputs("\n# Of what is allowed, the floor refuses:\n", out);
	while ((call = next_call(set, &cursor))) {
		unsigned nr = (unsigned)call->nr[set->machine];
		const struct rule *rule;

		if (!may_be_allowed(set, nr))
			continue;
		for (size_t i = 0; (rule = floor_of(set, nr, i)); i++) {
			fputs("# ", out);
			policy_text_print_action(rule->answer, out);
			fprintf(out, " %s", call->name);
			policy_text_print_conditions(rule, out);
			fputc('\n', out);
		}
	}
}

void policy_show(const struct ruleset *set, FILE *out)
{
	fputs("default ", out);
	policy_text_print_action(otherwise(set), out);
	fputc('\n', out);
	show_conditions(set, out);
	show_answers(set, out);
	show_floor(set, out);
}

/* --- explain */

/* The table's conditions have words of their own. */
static void explain_conditions(const struct rule *rule, FILE *out)
{
	if (rule_is_unconditional(rule))
		return;
	if (!rule->when[0].text) {
		policy_text_print_conditions(rule, out);
		return;
	}
	fputs(" if ", out);
	rule_print_conditions(rule, out);
}

static void explain_rule(const struct rule *rule, FILE *out)
{
	fprintf(out, "  %s", rule_answer_text(rule));
	explain_conditions(rule, out);
	fprintf(out, ": %s", rule->why);
	if (strcmp(rule->group, "written") != 0)
		fprintf(out, " (@%s)", rule->group);
	fputc('\n', out);
}

/* True: what stands behind it is never asked. */
static bool explain_list(const struct denial *list, size_t n, FILE *out)
{
	for (size_t i = 0; i < n; i++) {
		explain_rule(list[i].rule, out);
		if (rule_is_unconditional(list[i].rule))
			return true;
	}
	return false;
}

void policy_explain_call(const struct ruleset *set,
			 const struct syscall_name *call, FILE *out)
{
	unsigned nr = (unsigned)call->nr[set->machine];
	const struct denial *list;
	size_t n;

	if (call->nr[set->machine] == SYSCALL_NONE) {
		fprintf(out, "%s is not a call of %s: no effect\n", call->name,
			machine_name(set->machine));
		return;
	}
	fprintf(out, "%s (%u)\n", call->name, nr);
	list = ruleset_choices(set, nr, &n);
	if (!explain_list(list, n, out) && set->fallback)
		explain_rule(set->fallback, out);
	list = ruleset_denials(set, nr, &n);
	if (!may_be_allowed(set, nr) && set->fallback)
		return;
	if (n && set->fallback)
		fputs("  but what is allowed the floor refuses:\n", out);
	if (!explain_list(list, n, out) && !set->fallback)
		fputs(n ? "  else allowed\n" : "  allowed\n", out);
}

/* In one line: what becomes of it, "..." where that depends. */
static void explain_line(const struct ruleset *set,
			 const struct syscall_name *call, FILE *out)
{
	unsigned nr = (unsigned)call->nr[set->machine];
	size_t n_own, n_floor;
	const struct denial *own = own_rules(set, nr, &n_own);
	const struct denial *floor = ruleset_denials(set, nr, &n_floor);
	bool depends = n_own && !rule_is_unconditional(own->rule);
	struct rule last = {.answer = last_answer(set, nr)};

	if (set->fallback && n_floor && may_be_allowed(set, nr)) {
		depends = depends || !rule_is_unconditional(floor->rule);
		if (rule_is_unconditional(floor->rule) && !depends)
			last.answer = floor->rule->answer;
	}
	fprintf(out, "%-24s %s%s\n", call->name, rule_answer_text(&last),
		depends ? ", but it depends" : "");
}

void policy_explain(const struct ruleset *set, FILE *out)
{
	const struct syscall_name *call;
	size_t cursor = 0;

	while ((call = next_call(set, &cursor)))
		explain_line(set, call, out);
}
