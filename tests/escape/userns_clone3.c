/*
 * As userns_unshare, by clone3(), whose flags no filter can see.
 * Stopped by: seccomp, ENOSYS for clone3 as a whole.
 */
#include <linux/sched.h>
#include <signal.h>
#include <sys/wait.h>

#include "attempt.h"

int main(void)
{
	struct clone_args args = {.flags = CLONE_NEWUSER,
				  .exit_signal = SIGCHLD};
	long child = syscall(SYS_clone3, &args, sizeof(args));

	if (child < 0)
		refused("clone3");
	if (child == 0)
		_exit(0);
	waitpid((pid_t)child, NULL, 0);
	escaped("a child had a user namespace");
}
