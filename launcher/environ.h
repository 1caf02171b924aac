#pragma once
/*
 * environ: the environment that the program will get; no name is there twice.
 */
#include <stddef.h>

#include "err.h"

struct environ_list {
	char **vars; /* "K=V"; NULL-terminated once something was set */
	size_t n;
};

/* Sets or replaces. */
int environ_set(struct environ_list *list, const char *name, const char *value,
		struct err *err);

/* "K=V", checked: ERR_USAGE unless K is a name of a variable. */
int environ_put(struct environ_list *list, const char *assignment,
		struct err *err);

/* The value of a variable, or NULL. */
const char *environ_get(const struct environ_list *list, const char *name);
void environ_free(struct environ_list *list);
