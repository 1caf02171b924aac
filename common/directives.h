#pragma once
/*
 * directives: what each verb of a manifest takes, as a table; one row is the
 * whole truth about one verb.  The reader, the writer, the documentation and
 * the tests go by it.
 */
#include <stdbool.h>
#include <stddef.h>

#include "err.h"
#include "manifest.h"

/* Part of the canonical form that a verb stands in, in this order. */
enum section { SECTION_CONTENT, SECTION_RULES, SECTION_LAUNCH };

/*
 * Is a value of the right form?  It may be put into its canonical spelling in
 * place.  0, or -1 and why not, with the remedy (ERR_MANIFEST).
 */
typedef int value_check(char *value, struct err *err);

struct key {
	const char *name;
	value_check *check;
	bool is_required;
};

/* Which entries of a verb contradict each other. */
enum once {
	ONCE_NEVER, /* none */
	ONCE_VERB, /* any two that differ */
	ONCE_ARGUMENT, /* two that differ and have the same first argument (in
			  "K=V" arguments: the same K) */
};

#define ARGS_MANY 100000

struct directive {
	const char *verb;
	const char *usage; /* what follows the verb */
	const char *help; /* a line */
	value_check *checks[3]; /* of each argument; the last counts for all
				   that follow */
	const struct key *keys; /* ends with {0}; NULL: K=V is an argument */
	unsigned least_args, most_args;
	enum section section;
	enum once once;
	bool is_assignment; /* the argument is K=V */
	bool is_list; /* each argument is an entry of its own */
	bool has_arrow; /* "->" stands between the two arguments */
	bool is_source; /* names what may be missing: '?' has a meaning */
	bool is_pattern; /* the first argument may be a pattern */
};

/* Never NULL. */
const struct directive *directive_of(enum verb verb);

/* The row of a verb's name and the verb, or NULL. */
const struct directive *directive_find(const char *name, enum verb *verb);

#define N_VERBS (VERB_NEED + 1)

/* Has text a meaning as a pattern ("*", "?", "[...]")?  A "[" that is never
 * closed stands for itself, as does what follows a backslash. */
bool text_is_pattern(const char *text);
