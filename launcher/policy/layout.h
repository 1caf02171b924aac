#pragma once
/*
 * layout: questions become instructions.
 *
 * A word is loaded only where the accumulator does not hold it yet.  What is
 * the same is there once, unless a conditional jump (255 instructions) cannot
 * reach it.
 */
#include "compile.h"
#include "questions.h"

/* *program's code is replaced. */
int layout(const struct graph *questions, uint32_t root,
	   struct program *program, struct err *err);
