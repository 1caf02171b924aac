/*
 * Reboots.  Outside with a wrong magic number: EINVAL is the kernel's own
 * answer.
 * Stopped by: seccomp, SIGSYS.  Behind it: ids and caps.
 */
#include "attempt.h"

int main(void)
{
	reached(syscall(SYS_reboot, 1, 2, 3, 0), EINVAL, "reboot");
}
