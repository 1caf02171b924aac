/*
 * Loads another kernel.  Outside with flags that do not exist: EINVAL (or
 * ENOSYS where the kernel has no kexec).
 * Stopped by: seccomp, SIGSYS.  Behind it: ids and caps.
 */
#include "attempt.h"

int main(void)
{
	long result = syscall(SYS_kexec_load, 0, 0, NULL, ~0UL);

	if (result < 0 && errno == ENOSYS)
		escaped("kexec_load reached a kernel without kexec");
	reached(result, EINVAL, "kexec_load");
}
