/*
 * As owner_signal, by the ioctl that sockets have for it.
 * Stopped by: seccomp, EPERM.  Behind it: Landlock.
 */
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "attempt.h"

int main(int argc, char **argv)
{
	int pid = (int)number_of(argc, argv, 1), ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		refused("socketpair");
	if (ioctl(ends[0], FIOSETOWN, &pid) < 0 &&
	    ioctl(ends[0], SIOCSPGRP, &pid) < 0)
		refused("FIOSETOWN");
	escaped("owns a descriptor");
}
