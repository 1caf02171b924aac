/*
 * Takes the foreground of the caller's terminal, as if it were the shell.
 * Stopped by: session, if standard input is no terminal.  With one, the jail
 * does job control on the caller's, until it gets a terminal of its own.
 */
#include <signal.h>

#include "attempt.h"

int main(void)
{
	signal(SIGTTOU, SIG_IGN);
	if (setpgid(0, 0) < 0 && errno != EPERM)
		refused("setpgid");
	if (tcsetpgrp(0, getpgrp()) < 0)
		refused("tcsetpgrp");
	escaped("has the foreground");
}
