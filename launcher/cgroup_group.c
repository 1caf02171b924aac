#include "cgroup_group.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "cleanup.h"
#include "directory.h"
#include "fdio.h"

/* Above those that a keeper and a program use by number. */
#define LOWEST_FD 16
/* Names that others took from under us, before we give up. */
#define MOST_NAMES 64
/* How long a group may take to be empty, in milliseconds. */
#define PATIENCE 2000
#define PREFIX "jailwright-"

#define DIRECTORY (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

int cgroup_open_parent(const char *path)
{
	auto_close int low = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct statfs file_system;
	int fd;

	if (low < 0 || fstatfs(low, &file_system) < 0)
		return -errno;
	if (file_system.f_type != CGROUP_SUPER_MAGIC &&
	    file_system.f_type != CGROUP2_SUPER_MAGIC)
		return -ENODEV;
	fd = fcntl(low, F_DUPFD_CLOEXEC, LOWEST_FD);
	return fd < 0 ? -errno : fd;
}

int cgroup_write(int dir_fd, const char *file, const char *text)
{
	auto_close int fd = openat(dir_fd, file, O_WRONLY | O_CLOEXEC);

	/* One call: the kernel takes each for a value. */
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		return -errno;
	return 0;
}

int cgroup_read_text(int dir_fd, const char *file, char *text, unsigned size)
{
	auto_close int fd = openat(dir_fd, file, O_RDONLY | O_CLOEXEC);
	ssize_t len = fd < 0 ? -errno : fd_read_full(fd, text, size - 1);

	if (len < 0)
		return (int)len;
	text[len] = '\0';
	return 0;
}

/* Where the number of a key begins; NULL: no such key. */
static const char *find_key(const char *text, const char *key)
{
	size_t len = strlen(key);

	for (; text && *text; text = strchr(text, '\n'), text += !!text)
		if (strncmp(text, key, len) == 0 && text[len] == ' ')
			return text + len + 1;
	return NULL;
}

bool cgroup_read_number(int dir_fd, const char *file, const char *key,
			uint64_t *value)
{
	char text[4096], *end;
	const char *at = text;

	if (cgroup_read_text(dir_fd, file, text, sizeof(text)) < 0)
		return false;
	if (key)
		at = find_key(text, key);
	if (!at)
		return false;
	if (strncmp(at, "max", 3) == 0) {
		*value = UINT64_MAX;
		return true;
	}
	*value = strtoull(at, &end, 10);
	return end != at;
}

/* True: the kernel has done it (Linux 5.14, version 2). */
static bool kill_at_once(int fd)
{
	cgroup_write(fd, "pids.max", "0");
	return cgroup_write(fd, "cgroup.kill", "1") == 0;
}

/* One after another; whom this misses is met by the next try. */
static void kill_each(int fd)
{
	char text[4096], *at = text, *end;
	long pid;

	if (cgroup_read_text(fd, "cgroup.procs", text, sizeof(text)) < 0)
		return;
	end = strrchr(text, '\n'); /* half a number is another's */
	if (end)
		*end = '\0';
	for (; pid = strtol(at, &end, 10), end != at; at = end)
		if (pid > 1) /* 0: outside of our pid namespace */
			kill((pid_t)pid, SIGKILL);
}

static void wait_a_moment(void)
{
	const struct timespec millisecond = {.tv_nsec = 1000000};

	nanosleep(&millisecond, NULL);
}

/* What has ended may still be on its way out; what has not is killed again. */
static int remove_patiently(int parent_fd, const char *name, int fd)
{
	unsigned i;

	for (i = 0; unlinkat(parent_fd, name, AT_REMOVEDIR) < 0; i++) {
		if (errno == ENOENT)
			return 0;
		if (errno != EBUSY || i == PATIENCE)
			return -errno;
		if (fd >= 0 && !kill_at_once(fd))
			kill_each(fd);
		wait_a_moment();
	}
	return 0;
}

/* Made by a launcher of ours that is no more. */
static bool is_stale(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && st.st_uid == geteuid() &&
	       (st.st_mode & 0777) == 0700 && flock(fd, LOCK_EX | LOCK_NB) == 0;
}

/* Best effort: what cannot be removed now is met again by the next launch. */
static void remove_stale(int parent_fd)
{
	auto_closedir DIR *dir = directory_list(parent_fd);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		auto_close int fd = -1;

		if (strncmp(entry->d_name, PREFIX, strlen(PREFIX)) != 0)
			continue;
		fd = openat(parent_fd, entry->d_name, DIRECTORY);
		if (fd >= 0 && is_stale(fd))
			remove_patiently(parent_fd, entry->d_name, fd);
	}
}

/*
 * 1: it is ours; 0: another, who took it for stale, was faster, or will be.
 * Since nobody else can open it, only another launcher can hold the lock.
 */
static int lock_group(struct cgroup_group *group)
{
	group->fd = openat(group->parent_fd, group->name, DIRECTORY);
	if (group->fd < 0)
		return errno == ENOENT ? 0 : -errno;
	if (flock(group->fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? 0 : -errno;
	group->procs_fd =
		openat(group->fd, "cgroup.procs", O_WRONLY | O_CLOEXEC);
	if (group->procs_fd < 0) /* gone between the two */
		return errno == ENOENT || errno == ENODEV ? 0 : -errno;
	return 1;
}

static void close_own(struct cgroup_group *group)
{
	if (group->fd >= 0)
		close(take_fd(&group->fd));
	if (group->procs_fd >= 0)
		close(take_fd(&group->procs_fd));
}

static int try_name(struct cgroup_group *group, unsigned number)
{
	int made;

	snprintf(group->name, sizeof(group->name), PREFIX "%d-%u", getpid(),
		 number);
	if (mkdirat(group->parent_fd, group->name, 0700) < 0)
		return errno == EEXIST ? 0 : -errno;
	made = lock_group(group);
	if (made == 1)
		return 1;
	close_own(group);
	if (made < 0)
		unlinkat(group->parent_fd, group->name, AT_REMOVEDIR);
	return made;
}

int cgroup_group_make(struct cgroup_group *group, int parent_fd)
{
	unsigned i;
	int made = 0;

	remove_stale(parent_fd);
	*group = CGROUP_NO_GROUP;
	group->parent_fd = parent_fd;
	for (i = 0; made == 0 && i < MOST_NAMES; i++)
		made = try_name(group, i);
	if (made == 1)
		return 0;
	*group = CGROUP_NO_GROUP;
	return made < 0 ? made : -EEXIST;
}

int cgroup_group_open(const struct cgroup_group *group)
{
	int fd = openat(group->parent_fd, group->name, DIRECTORY);

	return fd < 0 ? -errno : fd;
}

void cgroup_group_kill(const struct cgroup_group *group)
{
	auto_close int fd = cgroup_group_open(group);

	if (fd >= 0)
		kill_at_once(fd);
}

int cgroup_group_remove(const struct cgroup_group *group)
{
	auto_close int fd = -1;

	if (unlinkat(group->parent_fd, group->name, AT_REMOVEDIR) == 0 ||
	    errno == ENOENT)
		return 0;
	fd = cgroup_group_open(group);
	return remove_patiently(group->parent_fd, group->name, fd);
}

void cgroup_group_close(struct cgroup_group *group)
{
	close_own(group);
	if (group->parent_fd >= 0)
		close(take_fd(&group->parent_fd));
}
