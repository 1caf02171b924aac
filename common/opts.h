#pragma once
/*
 * opts: command-line options as a table; one row is the whole truth about one
 * option.
 *
 *	static const struct opt options[] = {
 *		{'o', "output", "FILE", OPT_INTO(struct args, output),
 *		 "write the image to FILE"},
 *		{0},
 *	};
 *
 * The kind of an option follows from the type of the member it fills: bool (a
 * flag), const char * (the last one given counts), struct opt_list (each one
 * given is kept, in order), struct opt_maybe (its argument may be left out:
 * "--name" or "--name=ARG", and the row's arg starts with "[=").  A row without help is an alias and is not shown.
 * Strings point into argv.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "err.h"

struct opt_list {
	const char **items;
	size_t n;
};

struct opt_maybe {
	bool is_given;
	const char *value; /* NULL: given without */
};

enum opt_kind { OPT_FLAG, OPT_STRING, OPT_LIST, OPT_MAYBE, OPT_LATER };

struct opt {
	char letter; /* 0: none */
	const char *name; /* without "--" */
	const char *arg; /* name of the argument; NULL: none */
	enum opt_kind kind;
	size_t offset;
	const char *help;
};

/* clang-format off */
#define OPT_INTO(type, member)                                                 \
	_Generic(((type *)0)->member,                                          \
		bool: OPT_FLAG,                                                \
		const char *: OPT_STRING,                                      \
		struct opt_list: OPT_LIST,                                     \
		struct opt_maybe: OPT_MAYBE),                                  \
	offsetof(type, member)
/* clang-format on */

/*
 * For a row without help: refused by name as "not built yet", so that it is
 * not taken for the beginning of another option's name.
 */
#define OPT_NOT_YET OPT_LATER, 0

/*
 * Fills args from argv.  *first is the index of the first operand.  With
 * in_order, parsing stops at the first operand; else operands and options may
 * be mixed, and the operands end up behind the options.  Not reentrant: it
 * uses getopt_long().  Lists in args are to be freed with opt_list_free().
 */
int opts_parse(const struct opt *options, bool in_order, int argc, char **argv,
	       void *args, int *first, struct err *err);
void opt_list_free(struct opt_list *list);

/* A line an option, aligned, for --help. */
void opts_help(const struct opt *options, FILE *out);
