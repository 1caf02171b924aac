/*
 * Puts every process of this uid into the idle class of the disk.
 * Stopped by: seccomp, EPERM.  Later: a uid of its own for every run.
 */
#include <linux/ioprio.h>

#include "attempt.h"

int main(int argc, char **argv)
{
	long outsider = number_of(argc, argv, 1);

	if (syscall(SYS_ioprio_set, IOPRIO_WHO_USER, getuid(),
		    IOPRIO_PRIO_VALUE(IOPRIO_CLASS_IDLE, 0)) < 0)
		refused("ioprio_set");
	if (IOPRIO_PRIO_CLASS(syscall(SYS_ioprio_get, IOPRIO_WHO_PROCESS,
				      outsider)) != IOPRIO_CLASS_IDLE)
		stopped("the outsider keeps its class");
	escaped("the outsider's disk work is idle");
}
