#pragma once
/*
 * oom_score: whom the kernel ends when memory runs out: the jail, before all
 * else on the host, its guardians (keeper.h) among it.
 *
 * The score (/proc/PID/oom_score_adj) is inherited, and who shares memory shares
 * it, at the price of a look at every process of the host.  So it is raised
 * while our memory is ours alone, the program is born with it, and the guardians
 * give it back once the program has memory of its own.
 */
#include <stddef.h>

#include "err.h"

struct oom_score {
	int fd; /* of the process that raised it; -1: it was not */
	char before[8]; /* as it was read */
	size_t len;
};

/*
 * For us and who is born after.  Without a /proc nothing is changed: nothing
 * else says it.  Lowering it again needs CAP_SYS_RESOURCE if we have that.
 */
int oom_score_raise(struct oom_score *score, struct err *err);

/* Why the jail does not go first, in words; NULL: it does. */
const char *oom_score_why_not(void);

/*
 * For all that share memory with us; closes fd.  If it fails they go with the
 * jail.  Another process may do it than raised it, with a copy of score.
 */
void oom_score_give_back(struct oom_score *score);
