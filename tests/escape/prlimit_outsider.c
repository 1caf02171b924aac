/*
 * Lowers a limit of a process of the same uid outside.
 * Stopped by: seccomp, EPERM (prlimit64 on another pid).  Later: a pid
 * namespace.
 */
#include <sys/resource.h>

#include "attempt.h"

int main(int argc, char **argv)
{
	struct rlimit limit = {0, 0};

	if (syscall(SYS_prlimit64, number_of(argc, argv, 1), RLIMIT_CORE,
		    &limit, NULL) < 0)
		refused("prlimit64");
	escaped("took away its core dumps");
}
