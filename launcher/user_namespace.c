#include "user_namespace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"

void user_map_make(uid_t uid, gid_t gid, struct user_map *out)
{
	snprintf(out->uid, sizeof(out->uid), "%u %u 1", (unsigned)uid,
		 (unsigned)geteuid());
	snprintf(out->gid, sizeof(out->gid), "%u %u 1", (unsigned)gid,
		 (unsigned)getegid());
}

/* In one write: the kernel takes no second. */
static int write_line(const char *path, const char *line)
{
	auto_close int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	return write(fd, line, strlen(line)) < 0 ? -errno : 0;
}

/*
 * Who may not choose groups outside may not drop them either: a file can be
 * closed to a group.
 */
int user_map_write(const struct user_map *map)
{
	int error = write_line("/proc/self/setgroups", "deny");

	if (error == 0)
		error = write_line("/proc/self/uid_map", map->uid);
	return error < 0 ? error : write_line("/proc/self/gid_map", map->gid);
}

/* The settings that forbid it, in the order in which they are looked at. */
static const struct {
	const char *path, *name;
	int forbids;
} settings[] = {
	{"/proc/sys/user/max_user_namespaces", "user.max_user_namespaces", 0},
	{"/proc/sys/kernel/unprivileged_userns_clone",
	 "kernel.unprivileged_userns_clone", 0},
	{"/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
	 "kernel.apparmor_restrict_unprivileged_userns", 1},
};

/* -1: there is none. */
static int read_setting(const char *path)
{
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	char text[16] = "";

	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
		return -1;
	return (int)strtol(text, NULL, 10);
}

void user_namespace_why_not(int error, char *out, size_t size)
{
	size_t i;

	for (i = 0; i < sizeof(settings) / sizeof(*settings); i++) {
		if (read_setting(settings[i].path) != settings[i].forbids)
			continue;
		snprintf(out, size,
			 "user namespaces are off: %s=%d, which root can "
			 "change by sysctl",
			 settings[i].name, settings[i].forbids);
		return;
	}
	snprintf(out, size, "no user namespace can be made: %s%s",
		 error == EINVAL ? "this kernel has none" : strerror(error),
		 error == EPERM ? " (in a chroot, or by a filter or security "
				  "module around us)"
		 : error == ENOENT ? " (it needs /proc)"
				   : "");
}
