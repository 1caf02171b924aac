/*
 * kill(0): signals the process group that the launcher was started in, such as
 * the other programs of a pipeline, if they have the same uid.
 * Stopped by: session.  The jail is a group of its own.
 */
#include <signal.h>

#include "attempt.h"

int main(int argc, char **argv)
{
	pid_t outsider = (pid_t)number_of(argc, argv, 1);

	signal(SIGUSR1, SIG_IGN);
	if (kill(0, SIGUSR1) < 0)
		refused("kill");
	if (!has_ended(outsider))
		stopped("the outsider is not in the group");
	escaped("the outsider died");
}
