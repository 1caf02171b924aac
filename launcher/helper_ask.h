#pragma once
/*
 * helper_ask: a question to a helper program, and its answer.
 *
 * The helper gets words and, as its standard input, a text; what it writes to
 * its standard output is a struct policy_answer, and as many bytes as that says
 * or the words of a failure.  Nothing of it is believed to be whole before it
 * was seen to be.
 */
#include <stddef.h>

#include "err.h"

/*
 * text is NULL: none.  *out has *size bytes and a NUL byte behind them, and is
 * owned by the caller.  A failure of the helper's is ours, with its kind.
 */
int helper_ask(const char *path, char **argv, const char *text, size_t len,
	       size_t most, char **out, size_t *size, struct err *err);

/* argv is not const by history; nobody writes to it. */
char *helper_argument(const char *text);
