/*
 * Makes a sibling, not a child: CLONE_PARENT gives the new process to the
 * parent of the program, the launcher, and it goes on when the program ends.
 * Stopped by: the supervisor; nothing of the jail is left after the program.
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
	if (child == 0) {
		close(0);
		close(1);
		close(2);
		for (;;)
			pause();
	}
	escaped("process %ld stays", child);
}
