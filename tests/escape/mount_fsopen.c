/*
 * The mount API of 5.2, which a filter for mount() alone overlooks
 * (CVE-2021-41133): makes a file system, without a path, by fsopen(),
 * fsconfig(), fsmount() and move_mount().
 * Stopped by: seccomp, ENOSYS on each of the four.  Behind it: ids and caps.
 */
#include <fcntl.h>
#include <linux/mount.h>

#include "attempt.h"

int main(void)
{
	int context = (int)syscall(SYS_fsopen, "tmpfs", 0), fd;

	if (context < 0)
		refused("fsopen");
	if (syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) <
	    0)
		refused("fsconfig");
	fd = (int)syscall(SYS_fsmount, context, 0, 0);
	if (fd < 0)
		refused("fsmount");
	if (syscall(SYS_move_mount, fd, "", AT_FDCWD, "/tmp",
		    MOVE_MOUNT_F_EMPTY_PATH) < 0)
		refused("move_mount");
	syscall(SYS_umount2, "/tmp", 2);
	escaped("a tmpfs was made and mounted");
}
