/*
 * Signals a process outside.
 * Stopped by: ids, EPERM, if that process has another uid.  With the same uid
 * Landlock's scope (6.12) stops it; without that only a uid of its own for every
 * run: the report says so.
 */
#include <signal.h>

#include "attempt.h"

int main(int argc, char **argv)
{
	/* ignored by default: the outsider lives on */
	if (kill((pid_t)number_of(argc, argv, 1), SIGURG) < 0)
		refused("kill");
	escaped("signalled");
}
