/*
 * Mounts a fresh proc, and with it every process of the host.
 * Stopped by: seccomp, EPERM.  Behind it: ids and caps (no CAP_SYS_ADMIN).
 */
#include <sys/mount.h>

#include "attempt.h"

int main(void)
{
	if (mount("proc", "/tmp", "proc", 0, NULL) < 0)
		refused("mount");
	umount2("/tmp", MNT_DETACH);
	escaped("proc was mounted");
}
