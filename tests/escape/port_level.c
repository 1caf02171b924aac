/*
 * Gets at all I/O ports at once.  Outside a level that does not exist: EINVAL
 * (or ENOSYS where the kernel has no such call).
 * Stopped by: seccomp, SIGSYS.  Behind it: ids and caps.
 */
#include "attempt.h"

int main(void)
{
#ifdef SYS_iopl
	long result = syscall(SYS_iopl, 99);

	if (result < 0 && errno == ENOSYS)
		escaped("iopl reached a kernel without it");
	reached(result, EINVAL, "iopl");
#else
	cannot("x86 only");
#endif
}
