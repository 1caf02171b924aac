/*
 * Loads a kernel module.  Outside an empty one: ENOEXEC (or ENOSYS where the
 * kernel has no modules).
 * Stopped by: seccomp, SIGSYS.  Behind it: ids and caps.
 */
#include "attempt.h"

int main(void)
{
	long result = syscall(SYS_init_module, "", 0, "");

	if (result < 0 && errno == ENOSYS)
		escaped("init_module reached a kernel without modules");
	reached(result, ENOEXEC, "init_module");
}
