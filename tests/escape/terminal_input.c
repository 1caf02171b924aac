/*
 * Types on the caller's terminal (TIOCSTI); the caller's shell reads it after
 * the jail has ended.
 * Stopped by: seccomp, EPERM.  Behind it: session, where the terminal is not
 * the jail's controlling one.
 */
#include <sys/ioctl.h>

#include "attempt.h"

int main(void)
{
	if (ioctl(0, TIOCSTI, "#") < 0)
		refused("TIOCSTI");
	escaped("typed a character");
}
