/*
 * kill(-1): signals whatever it may, everywhere.
 * Stopped by: ids, for processes of other uids.  With the same uid
 * Landlock's scope (6.12), or a uid of its own for every run.
 */
#include <signal.h>

#include "attempt.h"

int main(int argc, char **argv)
{
	pid_t outsider = (pid_t)number_of(argc, argv, 1);

	/* as root this would end the machine, so it is not tried: worse */
	if (geteuid() == 0)
		escaped("still root");
	if (kill(-1, SIGTERM) < 0)
		refused("kill");
	if (!has_ended(outsider))
		stopped("the outsider lives");
	escaped("the outsider died");
}
