/*
 * As with the pins of images, whoever makes one holds the directory's lock, and
 * who opens one looks whether it is what it claims to be.
 */
#include "device_pin.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "cleanup.h"
#include "devices.h"
#include "mount_calls.h"
#include "own_dir.h"

static int open_directory(void)
{
	struct err ignored;

	return own_dir_open_in("/run/jailwright", "devices", &ignored);
}

/*
 * Root's, on a mount of its own, a tmpfs, and read-only, as it was before it was
 * attached: what is in it is what was made.
 */
static bool is_ours(int dir, int fd)
{
	struct stat above, here;
	struct statfs fs;

	return fstat(dir, &above) == 0 && fstat(fd, &here) == 0 &&
	       above.st_dev != here.st_dev && here.st_uid == geteuid() &&
	       (here.st_mode & 07777) == 0755 && fstatfs(fd, &fs) == 0 &&
	       (uint64_t)(uint32_t)fs.f_type == TMPFS_MAGIC &&
	       (fs.f_flags & ST_RDONLY);
}

static int open_pin(int dir, const char *name)
{
	auto_close int fd = openat(
		dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 || !is_ours(dir, fd))
		return -1;
	return take_fd(&fd);
}

/* The lock is held. */
static void make_pin(int dir, const char *name, const char *list)
{
	static const struct mount_option options[] = {{"size", "65536"},
						      {"nr_inodes", "1024"},
						      {"mode", "755"},
						      {NULL, NULL}};
	const unsigned flags = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC;
	auto_close int mount = mount_make("tmpfs", options, flags);
	struct err ignored;

	if (mount < 0 || devices_fill(mount, list, &ignored) < 0 ||
	    mount_set(mount, flags | MOUNT_ATTR_RDONLY) < 0)
		return;
	while (mount_detach_at(dir, name) == 0)
		; /* it was found out of order */
	if (mkdirat(dir, name, 0700) == 0 || errno == EEXIST)
		mount_attach(mount, dir, name);
}

int device_pin_open(const char *list, bool may_make)
{
	auto_close int dir = open_directory();
	char name[DEVICES_NAME_SIZE];
	int fd;

	if (dir < 0 || devices_name(list, name) < 0)
		return -1;
	fd = open_pin(dir, name);
	if (fd >= 0 || !may_make || flock(dir, LOCK_EX) < 0)
		return fd;
	fd = open_pin(dir, name); /* another was faster */
	if (fd < 0) {
		make_pin(dir, name, list);
		fd = open_pin(dir, name);
	}
	flock(dir, LOCK_UN);
	return fd;
}

static int remove_pin(int dir, const char *name, struct err *err)
{
	while (mount_detach_at(dir, name) == 0)
		; /* one upon another, if a launch was killed */
	if (unlinkat(dir, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return err_sys(err, errno, "/run/jailwright/devices/%s", name);
	return 0;
}

int device_pin_remove_all(struct err *err)
{
	auto_closedir DIR *names = opendir("/run/jailwright/devices");
	struct dirent *entry;
	int status = 0;

	if (!names && errno == ENOENT)
		return 0;
	if (!names || flock(dirfd(names), LOCK_EX) < 0)
		return err_sys(err, errno, "/run/jailwright/devices");
	while (status == 0 && (entry = readdir(names)))
		if (entry->d_name[0] != '.')
			status = remove_pin(dirfd(names), entry->d_name, err);
	return status;
}
