/*
 * Connects to a socket that lies in the jail's tree and belongs to a process
 * outside (a service's socket that was bound or copied in).
 * Stopped by: seccomp, EAFNOSUPPORT, where Landlock has no scope (6.12) and so
 * AF_UNIX as a whole is refused.  Else by nothing: who made the root put it there.
 */
#include <sys/socket.h>
#include <sys/un.h>

#include "attempt.h"

int main(void)
{
	struct sockaddr_un address = {AF_UNIX, "/tmp/service"};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		refused("socket");
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		refused("connect");
	escaped("connected to %s", address.sun_path);
}
