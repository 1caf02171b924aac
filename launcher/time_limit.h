#pragma once
/*
 * time_limit: wall time and processor time of a jail, to the millisecond and
 * to some hundredths of a second.
 *
 * Processor time is that of the whole jail where a cgroup counts it, else that
 * of the program's own process: of each other process RLIMIT_CPU takes care,
 * in whole seconds.
 */
#include <stdint.h>
#include <sys/types.h>

#include "limit.h"

struct jail_spec;

struct time_limit {
	const struct jail_spec *spec;
	pid_t pid; /* of the program */
	unsigned n_cpus;
	uint64_t started, deadline; /* nanoseconds; UINT64_MAX: none */
	uint64_t cpu_time;
};

/* The program is about to start.  Its number is filled in when it is known. */
void time_limit_start(struct time_limit *limit, const struct jail_spec *spec);
uint64_t time_limit_spent(const struct time_limit *limit);

/*
 * In how many milliseconds to ask again; -1: no need to.  0: over, and *over
 * says which limit is.
 */
int time_limit_left(const struct time_limit *limit, enum limit *over);
