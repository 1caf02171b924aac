#include "home_give.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "root_look.h"
#include "rootfd.h"
#include "spec.h"

/* An unpacked tree is no deeper (unpack.h), with what --copy adds. */
#define MOST_DEPTH 200
/* Of a directory: others may list it and enter it. */
#define MODE_OPEN 05

static int open_home(const struct jail_spec *spec)
{
	const char *home = spec->user.home;

	if (!home || *home != '/' || strcmp(home, "/") == 0)
		return -ENOENT;
	return root_open_nolinks(spec->root_fd, home, O_RDONLY | O_DIRECTORY,
				 0);
}

int home_is_closed(const struct jail_spec *spec, struct err *err)
{
	auto_close int fd = open_home(spec);
	struct stat st;
	int is_empty;

	if (fd < 0 || fstat(fd, &st) < 0 || st.st_uid != spec->image_uid ||
	    (st.st_mode & MODE_OPEN) == MODE_OPEN)
		return 0;
	is_empty = root_directory_is_empty(spec->root_fd, spec->user.home, err);
	return is_empty < 0 ? -1 : !is_empty;
}

/* Whether it was the user's, and is the jail's now, or else left as it is. */
static int give_one(const struct jail_spec *spec, int dir, const char *name,
		    struct stat *st)
{
	const struct jail_user *user = &spec->user;
	gid_t gid;

	if (fstatat(dir, name, st, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH) < 0)
		return -errno;
	if (st->st_uid != spec->image_uid)
		return 0;
	gid = st->st_gid == spec->image_gid ? user->gid : st->st_gid;
	if (fchownat(dir, name, user->uid, gid,
		     AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH) < 0)
		return -errno;
	return 0;
}

/* Owns fd. */
static int give_below(const struct jail_spec *spec, int fd, unsigned depth)
{
	auto_closedir DIR *dir = fdopendir(fd);
	struct dirent *entry;
	int error = 0;

	if (!dir) {
		error = -errno;
		close(fd);
		return error;
	}
	while (error == 0 && (errno = 0, entry = readdir(dir))) {
		struct stat st;
		int below;

		if (strcmp(entry->d_name, ".") == 0 ||
		    strcmp(entry->d_name, "..") == 0)
			continue;
		error = give_one(spec, dirfd(dir), entry->d_name, &st);
		if (error || !S_ISDIR(st.st_mode))
			continue;
		if (depth == MOST_DEPTH)
			return -ELOOP;
		below = openat(dirfd(dir), entry->d_name,
			       O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		error = below < 0 ? -errno : give_below(spec, below, depth + 1);
	}
	return error ? error : -errno;
}

int home_give(const struct jail_spec *spec, struct err *err)
{
	int fd = open_home(spec), error;
	struct stat st;

	if (fd < 0)
		return 0;
	error = give_one(spec, fd, "", &st);
	if (error == 0)
		error = give_below(spec, fd, 0);
	else
		close(fd);
	return error ? err_sys(err, -error, "--uid-pool: give %s to uid %u",
			       spec->user.home, (unsigned)spec->user.uid)
		     : 0;
}
