#pragma once
/*
 * keep: the keeper's work (keeper.h): it enters the jail, starts the program,
 * watches over it, and ends what is left.
 */
#include "keeper.h"
#include "oom_score.h"

/* What a keeper is made of. */
struct keeper_ends {
	const struct plan *plan;
	struct oom_score oom_score;
	unsigned long clone_flags; /* that it was made with */
	struct keeper_last *last; /* filled in */
	int orders[2], notes[2]; /* pipes: to the keeper, from the keeper */
};

/* Returns when the jail has ended.  The keeper is good for nothing more. */
void keep(const struct keeper_ends *ends);
