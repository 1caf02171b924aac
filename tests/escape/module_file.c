/*
 * Loads a kernel module from a descriptor.  Outside from none: EBADF (or
 * ENOSYS where the kernel has no modules).
 * Stopped by: seccomp, SIGSYS.  Behind it: ids and caps.
 */
#include "attempt.h"

int main(void)
{
	long result = syscall(SYS_finit_module, -1, "", 0);

	if (result < 0 && errno == ENOSYS)
		escaped("finit_module reached a kernel without modules");
	reached(result, EBADF, "finit_module");
}
