/*
 * Changes into a directory of the host through a descriptor that the caller
 * left open (CVE-2024-21626 was of this kind), and opens a file there.
 * Stopped by: fds, which closes all but 0-2: EBADF.
 */
#include <fcntl.h>

#include "attempt.h"

int main(int argc, char **argv)
{
	if (fchdir((int)number_of(argc, argv, 1)) < 0)
		refused("fchdir");
	read_prize(open("secret", O_RDONLY | O_CLOEXEC));
}
