/*
 * Gets at the machine's I/O ports.  Outside a range that does not exist:
 * EINVAL (or ENOSYS where the kernel has no such call).
 * Stopped by: seccomp, SIGSYS.  Behind it: ids and caps.
 */
#include "attempt.h"

int main(void)
{
#ifdef SYS_ioperm
	long result = syscall(SYS_ioperm, ~0UL, 2, 1);

	if (result < 0 && errno == ENOSYS)
		escaped("ioperm reached a kernel without it");
	reached(result, EINVAL, "ioperm");
#else
	cannot("x86 only");
#endif
}
