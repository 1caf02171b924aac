#pragma once
/*
 * jail_check: what would go wrong only when the enclave has booted, told
 * before: a user or a program that the jail does not have, or a user that is
 * root.
 */
#include <stdbool.h>

#include "err.h"
#include "tar_lay.h"
#include "tree.h"

struct jail_start {
	const struct tree *tree;
	const char *jail; /* where in the tree the jail lies */
	const struct tar_laid *image; /* what was laid there */
	const char *user, *program; /* NULL: the image's own */
	bool may_be_root; /* the launcher is told --allow-root */
};

int jail_check(const struct jail_start *start, struct err *err);

/* The program alone. */
int jail_check_program(const struct jail_start *start, struct err *err);

/* The entry of the image's own manifest, as words in one line; NULL when there
 * is none. */
int jail_entry(const struct jail_start *start, char **line, struct err *err);
