/*
 * socketpair() with other families than AF_UNIX: TIPC makes pairs, others
 * reach their own code first.
 * Stopped by: seccomp, EAFNOSUPPORT.  Outside, EOPNOTSUPP is the internet
 * family's own answer.
 */
#include <sys/socket.h>

#include "attempt.h"

int main(void)
{
	int ends[2];

	reached(socketpair(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0, ends),
		EOPNOTSUPP, "socketpair");
}
