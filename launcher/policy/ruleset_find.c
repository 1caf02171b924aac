/* What a ruleset says of one call. */
#include "ruleset.h"

static const struct denial *rules_of(const struct denial *list, size_t n,
				     unsigned nr, size_t *found)
{
	const struct denial *first = NULL;

	*found = 0;
	for (size_t i = 0; i < n && list[i].nr <= nr; i++) {
		if (list[i].nr != nr)
			continue;
		if (!first)
			first = &list[i];
		++*found;
	}
	return first;
}

const struct denial *ruleset_denials(const struct ruleset *set, unsigned nr,
				     size_t *n)
{
	return rules_of(set->denials, set->n, nr, n);
}

const struct denial *ruleset_choices(const struct ruleset *set, unsigned nr,
				     size_t *n)
{
	return rules_of(set->choices, set->n_choices, nr, n);
}

/* The first of them that holds, or NULL. */
static const struct rule *first_that_holds(const struct denial *list, size_t n,
					   const uint64_t args[6])
{
	for (size_t i = 0; i < n; i++)
		if (rule_holds(list[i].rule, args))
			return list[i].rule;
	return NULL;
}

const struct rule *ruleset_find(const struct ruleset *set, unsigned nr,
				const uint64_t args[6])
{
	const struct rule *choice, *denial;
	const struct denial *list;
	size_t n;

	if (!syscall_name_of(set->machine, nr))
		return &rule_unreviewed;
	list = ruleset_choices(set, nr, &n);
	choice = first_that_holds(list, n, args);
	if (!choice)
		choice = set->fallback;
	if (choice && !rule_allows(choice))
		return choice;
	list = ruleset_denials(set, nr, &n);
	denial = first_that_holds(list, n, args);
	if (denial)
		return denial;
	return choice && choice->answer == ANSWER_LOG ? choice : NULL;
}
