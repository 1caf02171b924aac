#pragma once
/*
 * prologue: our own part of a filter (see compile.h), and who decides a call.
 */
#include <stdbool.h>

#include "compile.h"

/* These denials of one number are the prologue's, not libseccomp's. */
bool prologue_decides(const struct ruleset *set, const struct denial *first,
		      size_t n);

/*
 * Appends the prologue to an empty program.  With a policy of its own
 * (set->fallback) that is the whole of it.
 */
int prologue_emit(const struct ruleset *set, struct program *program,
		  struct err *err);
