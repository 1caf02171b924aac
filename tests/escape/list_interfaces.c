/*
 * Lists the host's network interfaces by an ioctl that every kind of socket
 * answers, also an end of a socketpair().
 * Stopped by: seccomp, ENOTTY, unless the jail has the host's network.
 */
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "attempt.h"

int main(void)
{
	struct ifreq found[16];
	struct ifconf list = {.ifc_len = sizeof(found), .ifc_req = found};
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		refused("socketpair");
	if (ioctl(ends[0], SIOCGIFCONF, &list) < 0)
		refused("SIOCGIFCONF");
	escaped("%zu addresses", (size_t)list.ifc_len / sizeof(found[0]));
}
