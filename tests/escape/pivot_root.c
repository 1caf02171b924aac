/*
 * Swaps the root of the whole mount namespace.
 * Stopped by: seccomp, SIGSYS.  Behind it: ids and caps.
 * Outside, the directories are no mounts: EBUSY (EINVAL where mounts are
 * shared) is the kernel's own answer.
 */
#include "attempt.h"

int main(void)
{
	long result = syscall(SYS_pivot_root, "/tmp", "/tmp");

	if (result < 0 && errno == EINVAL)
		escaped("pivot_root reached the kernel");
	reached(result, EBUSY, "pivot_root");
}
