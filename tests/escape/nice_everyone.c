/*
 * Lowers the priority of every process of this uid, by PRIO_USER and 0, which
 * a rule that only looks for another pid lets through.
 * Stopped by: seccomp, EPERM.  Later: a uid of its own for every run.
 */
#include <sys/resource.h>

#include "attempt.h"

int main(int argc, char **argv)
{
	if (setpriority(PRIO_USER, 0, 15) < 0)
		refused("setpriority");
	errno = 0;
	if (getpriority(PRIO_PROCESS, (id_t)number_of(argc, argv, 1)) != 15)
		stopped("the outsider keeps its priority");
	escaped("niced the outsider");
}
