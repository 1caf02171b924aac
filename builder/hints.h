#pragma once
/*
 * hints: libraries that a program may open at run time and that are not in
 * the plan, guessed from its strings.  Told, never acted upon.
 */
#include "err.h"
#include "plan.h"

int hints_collect(struct plan *plan, struct err *err);
