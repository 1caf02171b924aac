#pragma once
/*
 * completion: what a shell may complete, printed as its script from the tables
 * that the programs themselves read: options (opts.h), and the words that some
 * of them take.
 *
 * What an option takes is told by the name of its argument: words in lower case
 * ("auto|yes|no") are what can be typed, FILE, IMAGE, PATH, KERNEL and SRC stand
 * for files, DIR for directories.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "err.h"
#include "opts.h"

/* Words that an option takes besides. */
struct completion_words {
	const char *option;
	const char *(*word)(size_t i); /* NULL: there are no more */
	char after; /* what follows a word, or 0 */
	bool is_list; /* several, with commas between */
};

/* What follows a verb, or, with NULL for a name, the program's name. */
struct completion_verb {
	const char *name;
	const struct opt *options;
	const char *const *operands; /* NULL-terminated; NULL: files */
};

struct completion {
	const char *program;
	bool runs_program; /* operands are a program and what it gets */
	const struct completion_verb *verbs; /* up to one without options */
	const struct completion_words *words; /* up to one without a name */
};

/* For "bash" or "zsh". */
int completion_print(const struct completion *completion, const char *shell,
		     FILE *out, struct err *err);
