#pragma once
/*
 * console_text: what a machine writes on its console, fit for a terminal: lines,
 * tabs and UTF-8 text.  Each byte of anything else, and each control character
 * (C0, DEL, C1), becomes a question mark; carriage returns are left out.
 */
#include <stddef.h>

/* Starts empty; a character may come in pieces. */
struct console_text {
	char held[4];
	size_t n_held;
};

#define CONSOLE_TEXT_MORE 3 /* bytes that were held before */

/* out has room for len + CONSOLE_TEXT_MORE; how many it got. */
size_t console_text_pass(struct console_text *text, const char *bytes,
			 size_t len, char *out);
