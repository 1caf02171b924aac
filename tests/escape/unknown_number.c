/*
 * Makes a system call by a number that the policy's authors did not know:
 * newer than it, x32's, or -1.
 * Stopped by: seccomp, ENOSYS.  Today's kernel says the same, so the driver
 * lets it run as on a kernel that does know the number: there it returns 4242.
 */
#include "attempt.h"

int main(int argc, char **argv)
{
	long result = syscall(number_of(argc, argv, 1), 0, 0, 0, 0, 0, 0);

	if (result < 0)
		refused("the number");
	escaped("the number returned %ld", result);
}
