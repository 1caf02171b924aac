#pragma once
/*
 * shrink: a filter is made shorter without a change of what it answers.
 *
 * Loading costs most for returns (each becomes the whole exit of a function in
 * machine code), so equal ones are shared, jumps to jumps go straight to the
 * end, and what nothing reaches any more is dropped.
 */
#include "compile.h"

int program_shrink(struct program *program, struct err *err);
