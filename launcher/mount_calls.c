#include "mount_calls.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cleanup.h"

/* The same on every machine but alpha. */
#ifndef SYS_open_tree
#define SYS_open_tree 428
#define SYS_move_mount 429
#define SYS_fsopen 430
#define SYS_fsconfig 431
#define SYS_fsmount 432
#endif
#ifndef SYS_mount_setattr
#define SYS_mount_setattr 442
#endif
#ifndef AT_RECURSIVE
#define AT_RECURSIVE 0x8000
#endif
/* MNT_DETACH, MS_PRIVATE; <sys/mount.h> contradicts <linux/mount.h> */
#define DETACH 2
#define PRIVATE (1 << 18)

static long configure(int fs, unsigned command, const char *key,
		      const char *value)
{
	return syscall(SYS_fsconfig, fs, command, key, value, 0);
}

int mount_make(const char *type, const struct mount_option *options,
	       unsigned attributes)
{
	auto_close int fs =
		(int)syscall(SYS_fsopen, type, 1 /* FSOPEN_CLOEXEC */);
	int fd;

	if (fs < 0)
		return -errno;
	for (; options->key; options++)
		if (configure(fs,
			      options->value ? FSCONFIG_SET_STRING
					     : FSCONFIG_SET_FLAG,
			      options->key, options->value) < 0)
			return -errno;
	if (configure(fs, FSCONFIG_CMD_CREATE, NULL, NULL) < 0)
		return -errno;
	fd = (int)syscall(SYS_fsmount, fs, 1 /* FSMOUNT_CLOEXEC */, attributes);
	return fd < 0 ? -errno : fd;
}

int mount_knows(const char *type)
{
	auto_close int fs =
		(int)syscall(SYS_fsopen, type, 1 /* FSOPEN_CLOEXEC */);

	return fs < 0 ? -errno : 0;
}

int mount_clone(int fd, bool with_submounts)
{
	unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH |
			 (with_submounts ? AT_RECURSIVE : 0);
	int tree = (int)syscall(SYS_open_tree, fd, "", flags);

	return tree < 0 ? -errno : tree;
}

int mount_attach(int mount, int target, const char *name)
{
	unsigned flags =
		MOVE_MOUNT_F_EMPTY_PATH | (*name ? 0 : MOVE_MOUNT_T_EMPTY_PATH);

	if (syscall(SYS_move_mount, mount, "", target, name, flags) < 0)
		return -errno;
	return 0;
}

int mount_set(int mount, uint64_t attributes)
{
	struct mount_attr attr = {.attr_set = attributes,
				  .propagation = PRIVATE};

	if (syscall(SYS_mount_setattr, mount, "", AT_EMPTY_PATH, &attr,
		    sizeof(attr)) < 0)
		return -errno;
	return 0;
}

int mount_set_all(int mount, uint64_t attributes)
{
	struct mount_attr attr = {.attr_set = attributes};

	if (syscall(SYS_mount_setattr, mount, "", AT_EMPTY_PATH | AT_RECURSIVE,
		    &attr, sizeof(attr)) < 0)
		return -errno;
	return 0;
}

void mount_fd_path(int fd, char path[32])
{
	snprintf(path, 32, "/proc/self/fd/%d", fd);
}

int mount_old(const char *source, const char *target, const char *type,
	      unsigned long flags, const char *data)
{
	if (syscall(SYS_mount, source, target, type, flags, data) < 0)
		return -errno;
	return 0;
}

int mount_detach(const char *target)
{
	return syscall(SYS_umount2, target, DETACH) < 0 ? -errno : 0;
}

/* The directory becomes the working directory, for a moment. */
static int enter(int dir_fd, int *back)
{
	*back = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fchdir(dir_fd) < 0 ? -errno : 0;
}

static int come_back(int back, int result)
{
	if ((back < 0 || fchdir(back) < 0) && chdir("/") < 0)
		return -errno;
	return result;
}

int mount_old_at(const char *source, int dir_fd, const char *name,
		 const char *type, unsigned long flags)
{
	auto_close int back = -1;
	int error = enter(dir_fd, &back);

	if (error == 0)
		error = mount_old(source, name, type, flags, NULL);
	return come_back(back, error);
}

int mount_detach_at(int dir_fd, const char *name)
{
	auto_close int back = -1;
	int error = enter(dir_fd, &back);

	if (error == 0)
		error = mount_detach(name);
	return come_back(back, error);
}

int mount_pivot(const char *new_root, const char *old_root)
{
	if (syscall(SYS_pivot_root, new_root, old_root) < 0)
		return -errno;
	return 0;
}

bool mount_is_missing(int error)
{
	switch (error) {
	case EPERM: /* no privilege, or a seccomp filter */
	case EACCES: /* a security module */
	case ENOSYS: /* an older kernel */
	case ENODEV: /* no such file system */
	case EINVAL: /* an older kernel does not know what was asked for */
	case ENOTBLK: /* it wants a device, and got a file */
	case EOPNOTSUPP:
	case EUCLEAN: /* the file system's own word: damaged */
		return true;
	default:
		return false;
	}
}
