/*
 * Joins the process group of a program that the launcher was started beside,
 * such as the others of a pipeline, and signals it as a whole.
 * Stopped by: session, EPERM; another session has other groups.  With the
 * caller's terminal the session is his, until the jail has one of its own.
 */
#include <signal.h>

#include "attempt.h"

int main(int argc, char **argv)
{
	pid_t outsider = (pid_t)number_of(argc, argv, 1);

	signal(SIGUSR1, SIG_IGN);
	if (setpgid(0, getpgid(outsider)) < 0)
		refused("setpgid");
	if (kill(0, SIGUSR1) < 0)
		refused("kill");
	if (!has_ended(outsider))
		stopped("the outsider is not in the group");
	escaped("the outsider died");
}
