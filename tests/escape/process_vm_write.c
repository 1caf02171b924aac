/*
 * Writes into the memory of a process of the same uid outside.
 * Stopped by: seccomp, EPERM.  Behind it: Landlock.
 */
#include <sys/uio.h>

#include "attempt.h"

int main(int argc, char **argv)
{
	char byte = 'X';
	struct iovec here = {&byte, 1};
	struct iovec there = {address_of(argc, argv, 2), 1};

	if (process_vm_writev((pid_t)number_of(argc, argv, 1), &here, 1, &there,
			      1, 0) < 0)
		refused("process_vm_writev");
	escaped("wrote a byte");
}
