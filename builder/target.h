#pragma once
/*
 * target: the machine that the source's programs are for, as its own shell and
 * that shell's loader say.  What {triplet}, {lib} and {arch} stand for.
 */
#include "err.h"
#include "resolver.h"
#include "source.h"

struct target {
	unsigned machine; /* e_machine; 0: not known, the source has no ELF */
	char arch[32]; /* "x86_64" */
	char lib[64]; /* what the loader calls $LIB: "lib64",
			     "lib/x86_64-linux-gnu" */
	char triplet[64]; /* "x86_64-linux-gnu" */
};

/* ERR_SYSTEM only; a source without a program has no target. */
int target_find(const struct source *source, struct resolver *resolver,
		struct target *out, struct err *err);
