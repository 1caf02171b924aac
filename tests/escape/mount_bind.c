/*
 * Changes the view of the root by a bind mount.
 * Stopped by: seccomp, EPERM.  Behind it: ids and caps.
 */
#include <sys/mount.h>

#include "attempt.h"

int main(void)
{
	if (mount("/etc", "/tmp", NULL, MS_BIND, NULL) < 0)
		refused("mount");
	umount2("/tmp", MNT_DETACH);
	escaped("/etc is bound to /tmp");
}
