/*
 * Reports success in the program's place: a sibling made by CLONE_PARENT ends
 * with 0, for a launcher that waits for any child and believes it is this one.
 * Stopped by: the supervisor, which waits for the pid that it started.
 */
#include <sched.h>
#include <signal.h>

#include "attempt.h"

int main(void)
{
	long child = syscall(SYS_clone, CLONE_PARENT | (unsigned)SIGCHLD, 0, 0,
			     0, 0);

	if (child < 0)
		refused("clone");
	if (child == 0)
		escaped("a sibling's status counts");
	usleep(200000);
	stopped("the program's own status");
}
