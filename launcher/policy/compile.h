#pragma once
/*
 * compile: a ruleset becomes a seccomp filter.
 *
 * The filter has two parts.  Ours comes first: what libseccomp cannot say, or
 * only some versions of it can.  It kills calls of a foreign ABI, answers
 * ENOSYS for every number that we have not reviewed, and decides the calls
 * whose conditions are "not this value" or "any of these bits".  All other
 * rules of the default policy are libseccomp's, as a binary tree.
 *
 * A policy other than the default one is ours altogether: comparisons of 64
 * bits, and what it allows falls to the default table's rows.
 *
 * Then the whole is written anew, with the same answers, so that it is cheap to
 * load.
 */
#include <linux/filter.h>

#include "cleanup.h"
#include "err.h"
#include "ruleset.h"

struct program {
	struct sock_filter *code;
	size_t n;
};

int compile(const struct ruleset *set, struct program **out, struct err *err);

/* The two parts as they are, before they are written anew (see dispatch.h). */
int compile_plainly(const struct ruleset *set, struct program **out,
		    struct err *err);
void program_free(struct program *program);
DEFINE_AUTO(program)
