/*
 * Takes an open descriptor out of a process of the same uid outside.
 * Stopped by: seccomp, EPERM.  Behind it: Landlock.
 */
#include "attempt.h"

int main(int argc, char **argv)
{
	int process = (int)syscall(SYS_pidfd_open, number_of(argc, argv, 1), 0);
	int fd;

	if (process < 0)
		refused("pidfd_open");
	fd = (int)syscall(SYS_pidfd_getfd, process, number_of(argc, argv, 3),
			  0);
	if (fd < 0)
		refused("pidfd_getfd");
	lseek(fd, 0, SEEK_SET);
	read_prize(fd);
}
