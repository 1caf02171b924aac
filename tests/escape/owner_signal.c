/*
 * Makes a process of the same uid outside the owner of a descriptor; the
 * kernel then sends it SIGIO, which ends it.
 * Stopped by: seccomp, EPERM (F_SETOWN of another pid).  Behind it:
 * Landlock.
 */
#include <fcntl.h>

#include "attempt.h"

int main(int argc, char **argv)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		refused("pipe2");
	if (fcntl(ends[0], F_SETOWN, number_of(argc, argv, 1)) < 0)
		refused("F_SETOWN");
	escaped("owns a descriptor");
}
