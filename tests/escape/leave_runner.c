/*
 * Leaves a process behind that forks and exits without end, each in its own
 * session: whoever looks for it by pid comes too late.
 * Stopped by: the supervisor, which kills by uid, in one stroke.
 */
#include "attempt.h"

int main(void)
{
	if (fork() != 0) {
		usleep(50000);
		escaped("a runner stays");
	}
	close(0);
	close(1);
	close(2);
	for (;;) {
		if (fork() != 0)
			_exit(0);
		setsid();
		usleep(1000);
	}
}
