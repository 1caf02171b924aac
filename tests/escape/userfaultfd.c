/*
 * Answers page faults of the kernel itself, which stretches its races.
 * Stopped by: seccomp, EPERM.
 */
#include <fcntl.h>

#include "attempt.h"

int main(void)
{
	if (syscall(SYS_userfaultfd, O_CLOEXEC) < 0)
		refused("userfaultfd");
	escaped("handles faults");
}
