#include "time_limit.h"

#include <time.h>

#include "cgroup.h"
#include "cpus.h"
#include "spec.h"

#define MILLISECOND 1000000ull
/* Between two looks at processor time: one more does not matter. */
#define LEAST_STEP (10 * MILLISECOND)

static uint64_t read_clock(clockid_t clock)
{
	struct timespec time;

	if (clock_gettime(clock, &time) < 0)
		return 0;
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

/* The kernel's number for the clock of another process, all its threads. */
static clockid_t clock_of(pid_t pid)
{
	return (clockid_t)(~(unsigned)pid << 3 | 2);
}

static uint64_t in_nanoseconds(const struct jail_limit *limit)
{
	uint64_t span;

	if (!limit->is_set ||
	    __builtin_mul_overflow(limit->value, MILLISECOND, &span))
		return UINT64_MAX;
	return span;
}

void time_limit_start(struct time_limit *limit, const struct jail_spec *spec)
{
	uint64_t span = in_nanoseconds(&spec->limits[LIMIT_WALL_TIME]);

	limit->spec = spec;
	limit->started = read_clock(CLOCK_MONOTONIC);
	if (__builtin_add_overflow(limit->started, span, &limit->deadline))
		limit->deadline = UINT64_MAX;
	limit->cpu_time = in_nanoseconds(&spec->limits[LIMIT_CPU_TIME]);
	if (limit->cpu_time != UINT64_MAX)
		limit->n_cpus = cpus_usable();
	if (limit->n_cpus == 0)
		limit->n_cpus = 1;
}

uint64_t time_limit_spent(const struct time_limit *limit)
{
	return read_clock(CLOCK_MONOTONIC) - limit->started;
}

/* Nanoseconds; 0: over; UINT64_MAX: for ever. */
static uint64_t wall_time_left(const struct time_limit *limit)
{
	uint64_t now;

	if (limit->deadline == UINT64_MAX)
		return UINT64_MAX;
	now = read_clock(CLOCK_MONOTONIC);
	return now >= limit->deadline ? 0 : limit->deadline - now;
}

/* How long it takes at least until it is used up. */
static uint64_t cpu_time_left(const struct time_limit *limit)
{
	uint64_t used, left;

	if (limit->cpu_time == UINT64_MAX)
		return UINT64_MAX;
	if (!cgroup_cpu_time(limit->spec->cgroup, &used))
		used = read_clock(clock_of(limit->pid));
	if (used >= limit->cpu_time)
		return 0;
	left = (limit->cpu_time - used) / limit->n_cpus;
	return left > LEAST_STEP ? left : LEAST_STEP;
}

int time_limit_left(const struct time_limit *limit, enum limit *over)
{
	uint64_t wall = wall_time_left(limit), cpu = cpu_time_left(limit);
	uint64_t left = wall < cpu ? wall : cpu;

	if (left == UINT64_MAX)
		return -1;
	*over = wall == 0 ? LIMIT_WALL_TIME : LIMIT_CPU_TIME;
	left = (left + MILLISECOND - 1) / MILLISECOND;
	return left > INT32_MAX ? INT32_MAX : (int)left;
}
