/*
 * Reaches the kernel's ciphers by AF_ALG, a source of many kernel bugs.
 * Stopped by: seccomp, EAFNOSUPPORT.  A kernel without AF_ALG answers the
 * same, but looks at the socket type before: EINVAL shows that the family
 * number reached it.
 */
#include <sys/socket.h>

#include "attempt.h"

#define NO_SUCH_TYPE 15

int main(void)
{
	if (socket(AF_ALG, SOCK_SEQPACKET | SOCK_CLOEXEC, 0) >= 0)
		escaped("made an AF_ALG socket");
	reached(socket(AF_ALG, NO_SUCH_TYPE, 0), EINVAL, "socket");
}
