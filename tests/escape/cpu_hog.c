/*
 * Uses, in several processes, more of the processors than --limit cpus=0.01
 * allows.
 * Stopped by: cgroup, the kernel lets them wait.
 */
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#include "attempt.h"

#define MANY 3
/* Of processor time, each in less than so much of wall time; seconds. */
#define MUCH 0.03
#define SPAN 4 /* in which it may be 0.04 of all together */

static double read_clock(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* True: it got what it wanted. */
static int spin(double end)
{
	while (read_clock(CLOCK_PROCESS_CPUTIME_ID) < MUCH)
		if (read_clock(CLOCK_MONOTONIC) > end)
			return 0;
	return 1;
}

int main(void)
{
	pid_t children[MANY];
	double end = read_clock(CLOCK_MONOTONIC) + SPAN;
	int n, status, satisfied = 0;

	for (n = 0; n < MANY; n++) {
		children[n] = fork();
		if (children[n] == 0)
			_exit(spin(end));
		if (children[n] < 0)
			refused("fork");
	}
	while (n-- > 0)
		if (waitpid(children[n], &status, 0) > 0)
			satisfied += WEXITSTATUS(status);
	if (satisfied < MANY)
		stopped("little of the processors");
	escaped("%d processes got %.2f s each", MANY, MUCH);
}
