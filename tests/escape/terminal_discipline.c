/*
 * Gives the caller's terminal another line discipline; that loads kernel
 * modules nobody else uses.
 * Stopped by: seccomp, EPERM.  Outside it sets the one that is in force.
 */
#include <sys/ioctl.h>

#include "attempt.h"

int main(void)
{
	int n_tty = 0;

	if (ioctl(0, TIOCSETD, &n_tty) < 0)
		refused("TIOCSETD");
	escaped("set the discipline");
}
