/*
 * Listens to every frame of the host's network.
 * Stopped by: seccomp, EAFNOSUPPORT.  Behind it: ids and caps.
 */
#include <sys/socket.h>

#include "attempt.h"

int main(void)
{
	if (socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0) < 0)
		refused("socket");
	escaped("made a packet socket");
}
