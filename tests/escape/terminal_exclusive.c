/*
 * Keeps everybody else from opening the caller's terminal, also after the
 * jail's end.
 * Stopped by: the supervisor, which gives the terminal back as it was.
 */
#include <sys/ioctl.h>

#include "attempt.h"

int main(int argc, char **argv)
{
	if (ioctl((int)number_of(argc, argv, 1), TIOCEXCL) < 0)
		refused("TIOCEXCL");
	return 0;
}
