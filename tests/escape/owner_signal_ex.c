/*
 * As owner_signal, by F_SETOWN_EX, which takes the pid in memory where no
 * filter can see it.
 * Stopped by: seccomp, EPERM.  Behind it: Landlock.
 */
#include <fcntl.h>

#include "attempt.h"

int main(int argc, char **argv)
{
	struct f_owner_ex owner = {F_OWNER_PID,
				   (pid_t)number_of(argc, argv, 1)};
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		refused("pipe2");
	if (fcntl(ends[0], F_SETOWN_EX, &owner) < 0)
		refused("F_SETOWN_EX");
	escaped("owns a descriptor");
}
