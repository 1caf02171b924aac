#include "pty.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>

#ifndef TIOCGPTPEER
#define TIOCGPTPEER _IO('T', 0x41)
#endif

int pty_open(int *master, int *slave)
{
	const int flags = O_RDWR | O_NOCTTY | O_CLOEXEC;
	int unlocked = 0;

	*slave = -1;
	*master = open("/dev/ptmx", flags | O_NONBLOCK);
	if (*master < 0 || ioctl(*master, TIOCSPTLCK, &unlocked) < 0)
		return -errno;
	*slave = ioctl(*master, TIOCGPTPEER, flags);
	return *slave < 0 ? -errno : 0;
}
