#pragma once
/*
 * shebang: the first line of a script, as the kernel reads it, and, when it
 * starts env, the program that env will look for.
 */
#include <stdbool.h>
#include <stddef.h>

#include "err.h"

#define SHEBANG_SIZE 256 /* what the kernel looks at */

struct shebang {
	char *interpreter;
	char *program; /* that env runs; NULL when it is not env */
	char text[SHEBANG_SIZE + 1]; /* what the two point into */
};

bool head_is_script(const char *head, size_t n);

/* The first n bytes of a script.  ERR_INPUT when the kernel or env would
 * refuse it. */
int shebang_parse(const char *head, size_t n, struct shebang *out,
		  struct err *err);
