/*
 * Attaches to a process of the same uid outside, to run code there.
 * Stopped by: seccomp, EPERM.  Behind it: Landlock.
 */
#include <sys/ptrace.h>

#include "attempt.h"

int main(int argc, char **argv)
{
	pid_t pid = (pid_t)number_of(argc, argv, 1);

	if (ptrace(PTRACE_SEIZE, pid, NULL, NULL) < 0)
		refused("ptrace");
	escaped("attached to %d", (int)pid);
}
