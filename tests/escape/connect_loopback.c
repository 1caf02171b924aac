/*
 * Connects to a service on the host's loopback.
 * Stopped by: seccomp, EAFNOSUPPORT (no network unless asked for).
 */
#include <netinet/in.h>
#include <sys/socket.h>

#include "attempt.h"

int main(int argc, char **argv)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)number_of(argc, argv, 1)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		refused("socket");
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		refused("connect");
	escaped("connected");
}
