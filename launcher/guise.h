#pragma once
/*
 * guise: the command line of another program, which jaillaunch takes when it is
 * called by that program's name.  A guise only says what is wanted; it is then
 * decided and done as for any launch, and nothing is confined less for it.
 */
#include <stdbool.h>
#include <stdio.h>

#include "err.h"

struct args;

/* What a guise had to write anew, for args to point to. */
struct guise_words {
	bool help; /* was asked for; args is not complete */
	bool in_flags; /* what is wrong: the syntax of the flags */
	char **items;
	size_t n;
};

struct guise {
	const char *name; /* the last component of argv[0] */
	/* As opts_parse(): args from argv, and the index of the program. */
	int (*parse)(int argc, char **argv, struct guise_words *words,
		     struct args *args, int *first, struct err *err);
	int (*help)(FILE *out);
	int flag_status; /* the syntax of the flags is wrong */
	int failure_status; /* nothing was run; 0: as jaillaunch has it */
};

/* NULL: none; we are jaillaunch. */
const struct guise *guise_find(const char *argv0);

/* Takes text, also if it cannot keep it; NULL is taken for no memory. */
const char *guise_keep(struct guise_words *words, char *text, struct err *err);
void guise_words_free(struct guise_words *words);

/* Is a user or group named as root is: "root", "0", "#0"? */
bool guise_names_root(const char *name);

extern const struct guise guise_capejail, guise_go_jail;
