/*
 * Binds a process of the same uid outside to one processor.
 * Stopped by: seccomp, EPERM (another pid).  Later: a pid namespace.
 */
#include <sched.h>

#include "attempt.h"

int main(int argc, char **argv)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(0, &set);
	if (sched_setaffinity((pid_t)number_of(argc, argv, 1), sizeof(set),
			      &set) < 0)
		refused("sched_setaffinity");
	escaped("bound it to a processor");
}
