#pragma once
/*
 * notes: what a build wants to say and that is no error: what the lockdown
 * changed, and hints at what a program may miss.  Shown with -v and
 * --print=lockdown.
 */
#include <stddef.h>
#include <stdio.h>

#include "err.h"

enum note_kind {
	NOTE_LOCKDOWN, /* something was stripped or changed */
	NOTE_HINT, /* something may be missing in the image */
};

struct note {
	enum note_kind kind;
	char *text;
};

struct notes {
	struct note *items;
	size_t n;
};

int notes_add(struct notes *notes, enum note_kind kind, struct err *err,
	      const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Sorts them; one of each stays. */
void notes_sort(struct notes *notes);

/* A line a note of the kind, each after prefix. */
void notes_print(const struct notes *notes, enum note_kind kind,
		 const char *prefix, FILE *out);
void notes_clear(struct notes *notes);
