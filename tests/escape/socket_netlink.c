/*
 * Talks to the kernel by netlink: routes, firewall, audit.
 * Stopped by: seccomp, EAFNOSUPPORT.
 */
#include <linux/netlink.h>
#include <sys/socket.h>

#include "attempt.h"

int main(void)
{
	if (socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE) < 0)
		refused("socket");
	escaped("made a netlink socket");
}
