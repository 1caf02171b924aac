/*
 * As terminal_input, with bits set above 32 in the request, which the kernel
 * cuts off and a 64-bit comparison does not (CVE-2019-10063).
 * Stopped by: seccomp, EPERM, comparing the low 32 bits.
 */
#include <sys/ioctl.h>

#include "attempt.h"

int main(void)
{
	if (syscall(SYS_ioctl, 0, (1UL << 32) | TIOCSTI, "#") < 0)
		refused("TIOCSTI");
	escaped("typed a character");
}
