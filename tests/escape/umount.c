/*
 * Takes a mount away, and what it covered comes to light.
 * Stopped by: seccomp, EPERM.  Behind it: ids and caps.
 * Outside, the directory is no mount: EINVAL is the kernel's own answer.
 */
#include <sys/mount.h>

#include "attempt.h"

int main(void)
{
	reached(umount2("/tmp", MNT_DETACH), EINVAL, "umount2");
}
