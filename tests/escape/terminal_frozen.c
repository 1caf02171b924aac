/*
 * Stops the output of the caller's terminal in a way that no key undoes; it
 * stays so after the jail's end.  Another session's program may, too.
 * Stopped by: the supervisor, which gives the terminal back as it was.
 */
#include <signal.h>
#include <termios.h>

#include "attempt.h"

int main(int argc, char **argv)
{
	signal(SIGTTOU, SIG_IGN);
	if (tcflow((int)number_of(argc, argv, 1), TCOOFF) < 0)
		refused("TCOOFF");
	return 0;
}
