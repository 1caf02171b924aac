#pragma once
/*
 * words: a line of a manifest as words, and words as a line.
 *
 * Words are separated by blanks.  Within double quotes blanks and # are plain,
 * and \n \t \\ \" \xNN stand for bytes; outside, # at the start of a word
 * begins a comment.  Every text without a NUL byte can be written as one word.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "err.h"

struct word {
	char *text; /* without quotes, in the line itself */
	bool is_plain; /* its first byte is not quoted */
	size_t key; /* length of KEY in an unquoted KEY=...; 0: none */
};

struct words {
	struct word *items;
	size_t n, room;
};

/*
 * Splits line, which is changed; line[len] is written too.  words is used
 * anew and keeps its memory; words_clear() frees it.  ERR_MANIFEST, without
 * the place.
 */
int words_split(char *line, size_t len, struct words *words, struct err *err);
void words_clear(struct words *words);

/* Length of KEY when text has the form KEY=..., else 0. */
size_t word_key(const char *text);

/* Writes text as one word, in quotes only when it must be. */
void word_write(FILE *out, const char *text, bool quote);
