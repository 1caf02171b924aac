/*
 * Starts many processes, more than --limit pids=16 allows.
 * Stopped by: cgroup, or rlimits where there is none, EAGAIN.
 */
#include <signal.h>

#include "attempt.h"

#define MANY 64

int main(void)
{
	pid_t children[MANY];
	int n, said = 0;

	for (n = 0; n < MANY; n++) {
		children[n] = fork();
		if (children[n] == 0)
			for (;;)
				pause();
		if (children[n] < 0) {
			said = errno;
			break;
		}
	}
	while (n-- > 0)
		kill(children[n], SIGKILL);
	errno = said;
	if (said)
		refused("fork");
	escaped("%d processes", MANY);
}
