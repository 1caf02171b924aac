/*
 * Sets the clock.  Outside to nothing: both arguments are NULL.
 * Stopped by: seccomp, EPERM.  Behind it: ids and caps.
 */
#include "attempt.h"

int main(void)
{
	if (syscall(SYS_settimeofday, NULL, NULL) < 0)
		refused("settimeofday");
	escaped("may set the clock");
}
