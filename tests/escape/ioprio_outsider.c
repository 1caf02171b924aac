/*
 * Puts a process of the same uid outside into the idle class of the disk.
 * Stopped by: seccomp, EPERM (another pid).  Later: a pid namespace.
 */
#include <linux/ioprio.h>

#include "attempt.h"

int main(int argc, char **argv)
{
	if (syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS,
		    number_of(argc, argv, 1),
		    IOPRIO_PRIO_VALUE(IOPRIO_CLASS_IDLE, 0)) < 0)
		refused("ioprio_set");
	escaped("its disk work is idle");
}
