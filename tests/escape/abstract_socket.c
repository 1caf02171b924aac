/*
 * Connects to an abstract socket of a process outside: such names know no
 * root directory.
 * Stopped by: Landlock's scope (6.12), EPERM; without it seccomp, EAFNOSUPPORT,
 * as AF_UNIX as a whole is refused.
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
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		refused("socket");
	strncpy(address.sun_path + 1, name, sizeof(address.sun_path) - 2);
	if (connect(fd, (struct sockaddr *)&address, size) < 0)
		refused("connect");
	escaped("connected to @%s", name);
}
