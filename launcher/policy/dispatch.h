#pragma once
/*
 * dispatch: a filter is made cheap to load without a change of what it answers.
 *
 * When a filter is loaded the kernel translates its instructions and, since
 * Linux 5.11, runs it once for every number, up to where it looks at an
 * argument, to learn which calls it always allows.  So we write it anew: what
 * becomes of each number is found, and then the tree of comparisons that is
 * cheapest, by both measures, is put in front.
 */
#include "compile.h"

/* Leaves a program that fates_read() cannot tell as it is. */
int program_dispatch(struct program *program, uint32_t abi, struct err *err);
