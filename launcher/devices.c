#include "devices.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "cleanup.h"
#include "known_device.h"
#include "mount_calls.h"
#include "rootfd.h"

const char *device_name(size_t i)
{
	return i < N_KNOWN_DEVICES ? known_devices[i].name : NULL;
}

static int parse_list(const char *list, bool wanted[N_KNOWN_DEVICES],
		      struct err *err)
{
	memset(wanted, 0, N_KNOWN_DEVICES * sizeof(*wanted));
	if (strcmp(list, "none") == 0)
		return 0;
	while (*list) {
		size_t len = strcspn(list, ",");
		const struct known_device *found =
			known_device_named(list, len);

		if (!found)
			return err_set(err, ERR_USAGE,
				       "--dev: no device \"%.*s\"; there "
				       "are " KNOWN_DEVICE_WORDS " (or none)",
				       (int)(len < 60 ? len : 60), list);
		wanted[found - known_devices] = true;
		list += len + (list[len] == ',');
	}
	return 0;
}

static bool is_device(const struct stat *st, const struct known_device *device)
{
	return S_ISCHR(st->st_mode) &&
	       st->st_rdev == makedev(device->major, device->minor);
}

/* An image's "dev" may be a link that leads elsewhere: it is not followed. */
static int open_dev(int root_fd, struct err *err)
{
	int fd;

	if (mkdirat(root_fd, "dev", 0755) < 0 && errno != EEXIST)
		return err_sys(err, errno, "make the image's /dev");
	fd = root_open_nolinks(root_fd, "/dev", O_RDONLY | O_DIRECTORY, 0);
	if (fd == -ELOOP || fd == -ENOTDIR)
		return err_set(err, ERR_INPUT,
			       "the image's /dev is not a directory");
	return fd < 0 ? err_sys(err, -fd, "the image's /dev") : fd;
}

static int make_one(int dev_fd, const struct known_device *device,
		    struct err *err)
{
	mode_t mode = S_IFCHR | 0666;
	dev_t number = makedev(device->major, device->minor);

	if (unlinkat(dev_fd, device->name, 0) < 0 && errno != ENOENT)
		return err_sys_kind(err, ERR_INPUT, errno,
				    "the image's /dev/%s", device->name);
	if (mknodat(dev_fd, device->name, mode, number) < 0 ||
	    fchmodat(dev_fd, device->name, 0666, 0) < 0)
		return err_sys_kind(err, ERR_HOST, errno,
				    "make /dev/%s (--dev none does without)",
				    device->name);
	return 0;
}

int devices_make(int root_fd, const char *list, struct err *err)
{
	bool wanted[N_KNOWN_DEVICES];
	auto_close int dev_fd = -1;
	size_t i;

	if (parse_list(list, wanted, err) < 0)
		return -1;
	dev_fd = open_dev(root_fd, err);
	if (dev_fd < 0)
		return -1;
	if (geteuid() != 0) /* a /dev will be mounted there */
		return 0;
	for (i = 0; i < N_KNOWN_DEVICES; i++) {
		struct stat st;

		if (wanted[i]) {
			if (make_one(dev_fd, &known_devices[i], err) < 0)
				return -1;
		} else if (fstatat(dev_fd, known_devices[i].name, &st,
				   AT_SYMLINK_NOFOLLOW) == 0 &&
			   S_ISCHR(st.st_mode) &&
			   unlinkat(dev_fd, known_devices[i].name, 0) < 0) {
			return err_sys(err, errno, "remove /dev/%s",
				       known_devices[i].name);
		}
	}
	return 0;
}

int devices_parse(const char *list, struct err *err)
{
	bool wanted[N_KNOWN_DEVICES];

	return parse_list(list, wanted, err);
}

int devices_fill(int dev_fd, const char *list, struct err *err)
{
	bool wanted[N_KNOWN_DEVICES];
	size_t i;

	if (parse_list(list, wanted, err) < 0)
		return -1;
	for (i = 0; i < N_KNOWN_DEVICES; i++)
		if (wanted[i] && make_one(dev_fd, &known_devices[i], err) < 0)
			return -1;
	return 0;
}

/* A file of ours, covered by the host's node. */
static int bind_one(int dev_fd, const struct known_device *device,
		    struct err *err)
{
	auto_close int place =
		openat(dev_fd, device->name,
		       O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	char path[32];
	struct stat st;
	int error;

	snprintf(path, sizeof(path), "/dev/%s", device->name);
	error = place < 0 ? -errno
			  : mount_old(path, device->name, NULL, MS_BIND, NULL);
	if (error == 0 &&
	    fstatat(dev_fd, device->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		error = -errno;
	if (error == 0 && !is_device(&st, device))
		error = -ENODEV;
	return error < 0
		       ? err_sys_kind(err, ERR_HOST, -error,
				      "bind %s (--dev none does without)", path)
		       : 0;
}

int devices_bind(int dev_fd, const char *list, struct err *err)
{
	bool wanted[N_KNOWN_DEVICES];
	size_t i;

	if (parse_list(list, wanted, err) < 0)
		return -1;
	for (i = 0; i < N_KNOWN_DEVICES; i++)
		if (wanted[i] && bind_one(dev_fd, &known_devices[i], err) < 0)
			return -1;
	return 0;
}

int devices_name(const char *list, char name[DEVICES_NAME_SIZE])
{
	bool wanted[N_KNOWN_DEVICES];
	struct err ignored;
	size_t i, len = 0;

	if (parse_list(list, wanted, &ignored) < 0)
		return -1;
	memcpy(name, "none", sizeof("none"));
	for (i = 0; i < N_KNOWN_DEVICES; i++)
		if (wanted[i])
			len += (size_t)snprintf(
				name + len, DEVICES_NAME_SIZE - len, "%s%s",
				len ? "," : "", known_devices[i].name);
	return 0;
}

int devices_check(int root_fd, const char *root_name, const char *list,
		  struct err *err)
{
	bool wanted[N_KNOWN_DEVICES];
	size_t i;

	if (parse_list(list, wanted, err) < 0)
		return -1;
	for (i = 0; i < N_KNOWN_DEVICES; i++) {
		const struct known_device *device = &known_devices[i];
		auto_close int fd = -1;
		char path[32];
		struct stat st;

		snprintf(path, sizeof(path), "/dev/%s", device->name);
		fd = root_open(root_fd, path, O_PATH, 0);
		if (wanted[i] ==
		    (fd >= 0 && fstat(fd, &st) == 0 && is_device(&st, device)))
			continue;
		if (!wanted[i])
			return err_set(err, ERR_USAGE,
				       "--dev: %s has %s, and -r changes "
				       "nothing there: name it, too, or leave "
				       "--dev out",
				       root_name, path);
		return err_set(err, ERR_USAGE,
			       "--dev: %s has no %s, and -r changes nothing "
			       "there: mknod -m 666 %s%s c %u %u",
			       root_name, path, root_name, path, device->major,
			       device->minor);
	}
	return 0;
}
