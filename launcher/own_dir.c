#include "own_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"

static bool is_ours(const struct stat *st)
{
	return S_ISDIR(st->st_mode) && st->st_uid == geteuid() &&
	       (st->st_mode & 0777) == 0700;
}

int own_dir_open(int at_fd, const char *path, struct err *err)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	auto_close int fd = -1;
	struct stat st;

	fd = openat(at_fd, path, flags);
	if (fd < 0 && errno == ENOENT) {
		if (mkdirat(at_fd, path, 0700) < 0 && errno != EEXIST)
			return err_sys(err, errno, "make %s", path);
		fd = openat(at_fd, path, flags);
	}
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(err, errno, "open %s", path);
	if (!is_ours(&st))
		return err_set(err, ERR_HOST,
			       "%s is not ours alone (owner %u, mode %03o): "
			       "remove it, or give it to uid %u with mode 700",
			       path, st.st_uid, st.st_mode & 0777, geteuid());
	return take_fd(&fd);
}

/*
 * Every launch comes here, so what is there already is opened at once: in a
 * directory of ours nobody else replaces it.
 */
int own_dir_open_in(const char *above, const char *name, struct err *err)
{
	auto_close int fd = -1;
	char path[PATH_MAX];
	struct stat st;
	int n = snprintf(path, sizeof(path), "%s/%s", above, name);

	if (n < (int)sizeof(path) && lstat(above, &st) == 0 && is_ours(&st))
		return own_dir_open(AT_FDCWD, path, err);
	fd = own_dir_open(AT_FDCWD, above, err);
	return fd < 0 ? -1 : own_dir_open(fd, name, err);
}
