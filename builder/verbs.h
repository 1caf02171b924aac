#pragma once
/*
 * verbs: what jailbake can do, a row each, and what its verbs share.
 *
 * A verb is one `const struct bake_verb` in a verb_*.c of its own or of its kin;
 * jailbake.c lists them.
 */
#include <jansson.h>
#include <stdbool.h>

#include "err.h"
#include "opts.h"

struct bake_verb {
	const char *name;
	const char *usage; /* what follows "jailbake NAME" */
	const char *help; /* a line */
	const struct opt *options;
	int (*run)(int argc, char **argv, struct err *err);
};

extern const struct bake_verb verb_bake, verb_show, verb_verify, verb_extract,
	verb_measure, verb_payload, verb_attach, verb_sign, verb_pcr, verb_lint,
	verb_try;

/*
 * Parses options and exactly n operands (-1: any number, *operands is then
 * argv's own rest).  1: --help was asked for, and given; 0; -1.  is_help is the
 * member of args that the option --help sets.
 */
int verb_parse(const struct bake_verb *verb, const struct opt *options,
	       int argc, char **argv, void *args, const bool *is_help, int n,
	       char ***operands, struct err *err);

/* ERR_USAGE when an output is there and is no regular file: it would be
 * replaced by one. */
int verb_check_output(const char *path, struct err *err);

/* Prints as nitro-cli does, and frees; NULL is lack of memory. */
int verb_print_json(json_t *json, struct err *err);

#define VERB_HELP(type)                                                        \
	{                                                                      \
		'h', "help", NULL, OPT_INTO(type, help), "print this"          \
	}
