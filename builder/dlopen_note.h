#pragma once
/*
 * dlopen_note: what a .note.dlopen says (JSON, UAPI.12): libraries that a
 * program opens at run time, each a choice of names and a priority.
 */
#include <stddef.h>

#include "err.h"

enum dlopen_priority { WISH_REQUIRED, WISH_RECOMMENDED, WISH_SUGGESTED };

struct dlopen_wish {
	enum dlopen_priority priority;
	char **names; /* any one of them, the first that is there */
	size_t n_names;
};

struct dlopen_wishes {
	struct dlopen_wish *items;
	size_t n;
};

/* ERR_INPUT when the text is not of that form. */
int dlopen_note_parse(const char *text, struct dlopen_wishes *out,
		      struct err *err);
void dlopen_wishes_clear(struct dlopen_wishes *wishes);
