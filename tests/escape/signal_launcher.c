/*
 * Signals its parent, the launcher; stopped, it could not end the jail.
 * Stopped by: ids, EPERM; the launcher has another uid.
 */
#include <signal.h>

#include "attempt.h"

int main(void)
{
	/* ignored by default */
	if (kill(getppid(), SIGURG) < 0)
		refused("kill");
	escaped("signalled %d", (int)getppid());
}
