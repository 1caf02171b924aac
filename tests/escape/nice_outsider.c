/*
 * Lowers the priority of a process of the same uid outside.
 * Stopped by: seccomp, EPERM (another pid).  Later: a pid namespace.
 */
#include <sys/resource.h>

#include "attempt.h"

int main(int argc, char **argv)
{
	if (setpriority(PRIO_PROCESS, (id_t)number_of(argc, argv, 1), 15) < 0)
		refused("setpriority");
	escaped("niced it");
}
