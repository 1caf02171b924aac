/*
 * As userns_unshare, by clone(), with the upper 32 bits of the flags set,
 * which the kernel does not look at.
 * Stopped by: seccomp, EPERM.
 */
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>

#include "attempt.h"

int main(void)
{
	long child = syscall(SYS_clone,
			     (1UL << 40) | CLONE_NEWUSER | (unsigned)SIGCHLD, 0,
			     0, 0, 0);

	if (child < 0)
		refused("clone");
	if (child == 0)
		_exit(0);
	waitpid((pid_t)child, NULL, 0);
	escaped("a child had a user namespace");
}
