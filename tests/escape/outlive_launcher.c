/*
 * Forgets the signal that it gets when its parent dies; then the launcher is
 * killed with SIGKILL.
 * Stopped by: the watcher, a second process outside that sees the launcher's
 * end; nothing of the jail is left.
 */
#include <sys/prctl.h>

#include "attempt.h"

int main(void)
{
	if (prctl(PR_SET_PDEATHSIG, 0) < 0)
		refused("prctl");
	if (fork() == 0)
		setsid();
	if (write(1, "ready\n", 6) != 6)
		cannot("nobody listens");
	close(0);
	close(1);
	close(2);
	for (;;)
		pause();
}
