/*
 * Leaves the caller's terminal without echo and lines, by any of the
 * descriptors that are one.
 * Stopped by: the supervisor, which gives the terminal back as it was.
 */
#include <signal.h>
#include <termios.h>

#include "attempt.h"

int main(int argc, char **argv)
{
	int fd = (int)number_of(argc, argv, 1);
	struct termios modes;

	signal(SIGTTOU, SIG_IGN);
	if (tcgetattr(fd, &modes) < 0)
		refused("tcgetattr");
	cfmakeraw(&modes);
	if (tcsetattr(fd, TCSANOW, &modes) < 0)
		refused("tcsetattr");
	return 0;
}
