/*
 * Makes a user namespace, in which the program has every capability and the
 * kernel's root-only code is open to it.
 * Stopped by: seccomp, EPERM.  In a chroot the kernel itself refuses too; with
 * --root / nothing else does.
 */
#include <sched.h>

#include "attempt.h"

int main(void)
{
	if (unshare(CLONE_NEWUSER) < 0)
		refused("unshare");
	escaped("has a user namespace");
}
