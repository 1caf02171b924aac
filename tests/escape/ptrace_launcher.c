/*
 * Attaches to its parent, the launcher, which has more rights than it.
 * Stopped by: seccomp, EPERM.  Behind it: ids; the launcher has another uid.
 */
#include <sys/ptrace.h>

#include "attempt.h"

int main(void)
{
	if (ptrace(PTRACE_SEIZE, getppid(), NULL, NULL) < 0)
		refused("ptrace");
	escaped("attached to %d", (int)getppid());
}
