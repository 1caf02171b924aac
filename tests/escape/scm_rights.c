/*
 * Receives a directory descriptor of the host over a socket that the caller
 * left open (or gave as standard input), and opens a file beneath it.
 * Stopped by: fds, which closes the socket: EBADF.  On 0-2 the caller's own
 * choice of a peer stays, and only Landlock would stop it.
 */
#include <fcntl.h>
#include <sys/socket.h>

#include "attempt.h"

int main(int argc, char **argv)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control;
	char byte;
	struct iovec part = {&byte, 1};
	struct msghdr message = {.msg_iov = &part,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = sizeof(control)};
	int dir;

	if (recvmsg((int)number_of(argc, argv, 1), &message, 0) < 0)
		refused("recvmsg");
	if (!CMSG_FIRSTHDR(&message))
		stopped("no descriptor came");
	memcpy(&dir, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(dir));
	read_prize(openat(dir, "secret", O_RDONLY | O_CLOEXEC));
}
