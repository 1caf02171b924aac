/*
 * Sends to an abstract socket of a process outside from one end of a
 * socketpair(): datagram sockets take an address with every message, so no
 * socket() or connect() is needed.
 * Stopped by: Landlock's scope (6.12), EPERM; without it seccomp, as only stream
 * and seqpacket pairs may be made.
 */
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "attempt.h"

int main(int argc, char **argv)
{
	const char *name = word_of(argc, argv, 1);
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
				     1 + strlen(name));
	int type = (int)number_of(argc, argv, 2), ends[2];

	if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends) < 0)
		refused("socketpair");
	strncpy(address.sun_path + 1, name, sizeof(address.sun_path) - 2);
	if (sendto(ends[0], "x", 1, 0, (struct sockaddr *)&address, size) < 0)
		refused("sendto");
	escaped("sent to @%s", name);
}
