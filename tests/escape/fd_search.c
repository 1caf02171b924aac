/*
 * Looks at every descriptor number up to a high one, for whatever the caller
 * forgot: files, sockets, directories at numbers that a loop to 1024 misses.
 * Stopped by: fds.  Nothing above 2 is open.
 */
#include <fcntl.h>

#include "attempt.h"

int main(int argc, char **argv)
{
	int fd, last = (int)number_of(argc, argv, 1);

	for (fd = 3; fd <= last; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			escaped("descriptor %d is open", fd);
	stopped("nothing above 2: EBADF");
}
