/*
 * Compares kernel objects with those of a process of the same uid outside,
 * which tells about their addresses.
 * Stopped by: seccomp, ENOSYS.  Behind it: Landlock.
 */
#include <linux/kcmp.h>

#include "attempt.h"

int main(int argc, char **argv)
{
	if (syscall(SYS_kcmp, getpid(), number_of(argc, argv, 1), KCMP_VM, 0,
		    0) < 0)
		refused("kcmp");
	escaped("compared");
}
