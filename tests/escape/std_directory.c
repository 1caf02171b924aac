/*
 * Leaves through a standard descriptor that is a directory of the host
 * (`jaillaunch ... < /`).
 * Stopped by: fds; a directory on 0-2 is not handed on.
 */
#include <fcntl.h>

#include "attempt.h"

int main(int argc, char **argv)
{
	if (fchdir((int)number_of(argc, argv, 1)) < 0)
		refused("fchdir");
	read_prize(open("secret", O_RDONLY | O_CLOEXEC));
}
