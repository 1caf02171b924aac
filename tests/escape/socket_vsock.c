/*
 * Makes a socket to the hypervisor.  Only makes it: never connects.
 * Stopped by: seccomp, EAFNOSUPPORT.
 */
#include <sys/socket.h>

#include "attempt.h"

int main(void)
{
	if (socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0) < 0)
		refused("socket");
	escaped("made a socket to the hypervisor");
}
