#include "new_root.h"

#include <errno.h>
#include <sys/mount.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <linux/magic.h>

bool new_root_is_ramdisk(void)
{
	struct statfs st;

	return statfs("/", &st) == 0 &&
	       ((unsigned long)st.f_type == TMPFS_MAGIC ||
		(unsigned long)st.f_type == RAMFS_MAGIC);
}

/*
 * The kernel writes to its log that a ramdisk could not be unpacked, and goes
 * on with the half of it.  The limit is half of the memory; a ramfs has none.
 */
int new_root_check(struct err *err)
{
	struct statfs st;

	if (statfs("/", &st) < 0)
		return err_sys(err, errno, "the root file system");
	if (st.f_blocks != 0 && (st.f_bfree == 0 || st.f_ffree == 0))
		return err_set(
			err, ERR_HOST,
			"the image does not fit into half of the memory: "
			"start the enclave with more (jailbake prints "
			"how much)");
	if (access("/rootfs", F_OK) < 0)
		return err_sys_kind(err, ERR_INPUT, errno,
				    "/rootfs, of the second ramdisk");
	return 0;
}

int new_root_enter(struct err *err)
{
	if (mount("/rootfs", "/rootfs", NULL, MS_BIND, NULL) < 0)
		return err_sys(err, errno, "bind /rootfs on itself");
	if (chdir("/rootfs") < 0)
		return err_sys(err, errno, "enter /rootfs");
	if (mount(".", "/", NULL, MS_MOVE, NULL) < 0)
		return err_sys(err, errno, "move /rootfs to /");
	if (chroot(".") < 0 || chdir("/") < 0)
		return err_sys(err, errno, "make /rootfs the root");
	return 0;
}

int new_root_close(struct err *err)
{
	if (mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL) < 0)
		return err_sys(err, errno, "make / read-only");
	return 0;
}
