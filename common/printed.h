#pragma once
/*
 * printed: what a program prints arrives, or it says that it did not.
 */
#include <stdio.h>

#include "err.h"

/*
 * All that was printed so far is written.  Whoever prints need not look: what
 * failed meanwhile is remembered, and main() asks once, before it exits with 0.
 */
int printed_check(FILE *out, struct err *err);
