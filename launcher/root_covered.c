#include "root_covered.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "array.h"
#include "cleanup.h"
#include "fdio.h"
#include "mount_calls.h"
#include "mountinfo.h"

int root_covered_clone(const char *path)
{
	auto_close int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	auto_close int tree = fd < 0 ? -errno : mount_clone(fd, false);
	int error;

	if (tree != -EINVAL)
		return tree < 0 ? tree : take_fd(&tree);
	tree = mount_clone(fd, true);
	if (tree < 0)
		return tree;
	error = mount_set_all(tree, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID);
	return error < 0 ? error : take_fd(&tree);
}

/* --- by mount(2), which changes one mount at a time */

#define CLOSED (MS_RDONLY | MS_NOSUID)
#ifndef MS_NOSYMFOLLOW
#define MS_NOSYMFOLLOW 256
#endif

struct covered {
	int id;
	unsigned long flags; /* MS_* */
	const char *point; /* as the process sees it */
};

/* A mount and all that is mounted below it. */
struct covereds {
	char *text; /* in which the points lie */
	struct covered *items;
	size_t n;
};

static void covereds_free(struct covereds *all)
{
	free(all->text);
	free(all->items);
}

static bool has_word(const char *list, const char *word)
{
	size_t len = strlen(word), n;

	for (; *list; list += n + (list[n] != '\0')) {
		n = strcspn(list, ",");
		if (n == len && strncmp(list, word, n) == 0)
			return true;
	}
	return false;
}

/* What the host's mount has is not ours to take away. */
static unsigned long flags_of(const char *words)
{
	static const struct {
		const char *word;
		unsigned long flag;
	} known[] = {{"ro", MS_RDONLY},
		     {"nosuid", MS_NOSUID},
		     {"nodev", MS_NODEV},
		     {"noexec", MS_NOEXEC},
		     {"nosymfollow", MS_NOSYMFOLLOW}};
	unsigned long flags = 0;
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (has_word(words, known[i].word))
			flags |= known[i].flag;
	return flags;
}

/* Of what a descriptor is open on; -errno. */
static int mount_id(int fd)
{
	char path[40], text[256] = "";
	auto_close int info = -1;
	const char *found;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	info = open(path, O_RDONLY | O_CLOEXEC);
	if (info < 0)
		return -errno;
	n = fd_read_full(info, text, sizeof(text) - 1);
	found = n > 0 ? strstr(text, "mnt_id:") : NULL;
	return found ? (int)strtol(found + strlen("mnt_id:"), NULL, 10) : -EIO;
}

/* A parent comes before what is mounted on it: it is older. */
static bool is_below(const struct covereds *all, int top,
		     const struct mountinfo *mount)
{
	size_t i;

	if (mount->id == top)
		return true;
	for (i = 0; i < all->n; i++)
		if (all->items[i].id == mount->parent)
			return true;
	return false;
}

static int add(struct covereds *all, const struct mountinfo *mount)
{
	struct covered *item = array_push(all->items, all->n);

	if (!item)
		return -ENOMEM;
	item->id = mount->id;
	item->flags = flags_of(mount->flags);
	item->point = mount->point;
	return 0;
}

static int find_all(int top, struct covereds *out)
{
	auto_close int fd = open(MOUNTINFO, O_RDONLY | O_CLOEXEC);
	char *rest, *line;
	int error = fd < 0 ? -errno
			   : fd_read_all(fd, MOUNTINFO_MOST, &out->text, NULL);

	for (rest = out->text; error == 0 && (line = strsep(&rest, "\n"));) {
		struct mountinfo mount;

		if (*line == '\0')
			continue;
		if (!mountinfo_parse(line, &mount))
			error = -EIO;
		else if (is_below(out, top, &mount))
			error = add(out, &mount);
	}
	return error < 0 ? error : out->n == 0 ? -EIO : 0;
}

#define EMPTY "size=4096,nr_inodes=1,mode=0"

/*
 * On the last directory of the way that we reach: whoever opens it to us later
 * must not show what is still writable below it.
 */
static int cover_closed(const char *path)
{
	auto_free char *way = strdup(path);
	char *slash;

	if (!way)
		return -ENOMEM;
	while ((slash = strrchr(way, '/'))) {
		auto_close int fd = -1;

		*slash = '\0';
		fd = open(way, O_PATH | O_NOFOLLOW | O_CLOEXEC);
		if (fd >= 0)
			return mount_old("tmpfs", way, "tmpfs",
					 CLOSED | MS_NODEV | MS_NOEXEC, EMPTY);
		if (errno != EACCES)
			break;
	}
	return -EACCES;
}

/* What cannot be found is covered by what is mounted above it. */
static int close_one(const struct covered *mount)
{
	/* We stand below "/", by which nothing of ours can be reached. */
	const char *path = mount->point + 1;
	auto_close int fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	int id;

	if (fd < 0)
		return errno == EACCES ? cover_closed(path)
		       : errno == ENOENT || errno == ENOTDIR ? 0
							     : -errno;
	id = mount_id(fd);
	if (id != mount->id)
		return id < 0 ? id : 0;
	return mount_old(NULL, path, NULL,
			 MS_REMOUNT | MS_BIND | CLOSED | mount->flags, NULL);
}

static int close_all(const char *name)
{
	auto_close int fd =
		open(name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int top = fd < 0 ? -errno : mount_id(fd), error;
	struct covereds all = {0};
	size_t i;

	if (top < 0)
		return top;
	error = find_all(top, &all);
	for (i = 0; error == 0 && i < all.n; i++)
		error = close_one(&all.items[i]);
	covereds_free(&all);
	return error;
}

/* Where we stand is mounted on "/", too, and would be copied with it. */
int root_covered_bind(const char *path, const char *name)
{
	int error = mount_old(NULL, ".", NULL, MS_UNBINDABLE, NULL);

	if (error == 0)
		error = mount_old(path, name, NULL, MS_BIND | MS_REC, NULL);
	if (error == 0)
		error = mount_old(NULL, name, NULL, MS_REC | MS_PRIVATE, NULL);
	if (error == 0)
		error = mount_old(NULL, ".", NULL, MS_PRIVATE, NULL);
	return error < 0 ? error : close_all(name);
}
