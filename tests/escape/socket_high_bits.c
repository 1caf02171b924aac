/*
 * Makes an internet socket with the family's upper 32 bits set: the kernel
 * looks at the lower ones only, a filter that compares 64 does not.
 * Stopped by: seccomp, EAFNOSUPPORT.
 */
#include <sys/socket.h>

#include "attempt.h"

int main(void)
{
	if (syscall(SYS_socket, (1UL << 32) | AF_INET,
		    (1UL << 32) | SOCK_DGRAM | SOCK_CLOEXEC, 0) < 0)
		refused("socket");
	escaped("made an internet socket");
}
