/*
 * Makes a node of a disk.
 * Stopped by: seccomp, EPERM.  Behind it: ids and caps (no CAP_MKNOD).
 */
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "attempt.h"

int main(void)
{
	if (syscall(SYS_mknodat, -100, "/tmp/disk", S_IFBLK | 0600,
		    makedev(7, 0)) < 0)
		refused("mknodat");
	unlink("/tmp/disk");
	escaped("made a block device");
}
