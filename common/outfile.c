#include "outfile.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "directory.h"

static int open_directory(struct outfile *file, struct err *err)
{
	auto_free char *for_dir = strdup(file->path);
	const char *slash = strrchr(file->path, '/');

	file->name = strdup(slash ? slash + 1 : file->path);
	if (!for_dir || !file->name ||
	    asprintf(&file->partial, OUTFILE_PARTIAL, file->name) < 0)
		return err_sys(err, ENOMEM, "%s", file->path);
	if (*file->name == '\0')
		return err_set(err, ERR_USAGE, "%s: not a file name",
			       file->path);
	file->dir_fd = open(dirname(for_dir), O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (file->dir_fd < 0)
		return err_sys(err, errno, "%s", file->path);
	return directory_is_there(file->dir_fd, file->path, err);
}

static int open_data(struct outfile *file, struct err *err)
{
	file->fd =
		openat(file->dir_fd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (file->fd >= 0)
		return 0;
	if (errno != EOPNOTSUPP && errno != EISDIR && errno != ENOENT &&
	    errno != EINVAL)
		return err_sys(err, errno, "%s", file->path);
	unlinkat(file->dir_fd, file->partial, 0); /* left by a killed run */
	file->fd = openat(file->dir_fd, file->partial,
			  O_CREAT | O_EXCL | O_NOFOLLOW | O_RDWR | O_CLOEXEC,
			  0600);
	if (file->fd < 0)
		return err_sys(err, errno, "%s", file->path);
	file->is_named = true;
	return 0;
}

/*
 * A device or a pipe is written to, and stays what it is; a link stays, too, and
 * the file that it leads to is replaced.  That no file can take the place of a
 * directory is said now, not when the work is done.
 */
static int find_place(struct outfile *file, const char *path, struct err *err)
{
	struct stat st;
	bool is_there = stat(path, &st) == 0;

	if (is_there && S_ISDIR(st.st_mode))
		return err_set(err, ERR_USAGE, "%s is a directory; name a file",
			       path);
	if (is_there && !S_ISREG(st.st_mode)) {
		file->is_stream = true;
		file->fd = open(path, O_WRONLY | O_NOCTTY | O_CLOEXEC);
		return file->fd < 0 ? err_sys(err, errno, "%s", path) : 0;
	}
	file->path = is_there ? realpath(path, NULL) : strdup(path);
	return file->path ? 0 : err_sys(err, errno, "%s", path);
}

int outfile_open(const char *path, unsigned mode, struct outfile **out,
		 struct err *err)
{
	auto_of(outfile) struct outfile *file = calloc(1, sizeof(*file));

	if (!file)
		return err_sys(err, ENOMEM, "%s", path);
	file->fd = file->dir_fd = -1;
	if (find_place(file, path, err) < 0)
		return -1;
	if (!file->is_stream &&
	    (open_directory(file, err) < 0 || open_data(file, err) < 0))
		return -1;
	if (!file->is_stream && fchmod(file->fd, mode) < 0)
		return err_sys(err, errno, "%s", path);
	*out = TAKE(file);
	return 0;
}

/* Gives the unnamed file a name; AT_EMPTY_PATH is for root only. */
static int link_data(const struct outfile *file, const char *name)
{
	char self[64];

	if (linkat(file->fd, "", file->dir_fd, name, AT_EMPTY_PATH) == 0)
		return 0;
	if (errno == EEXIST)
		return -1;
	snprintf(self, sizeof(self), "/proc/self/fd/%d", file->fd);
	return linkat(AT_FDCWD, self, file->dir_fd, name, AT_SYMLINK_FOLLOW);
}

int outfile_commit(struct outfile *file, struct err *err)
{
	if (file->is_stream)
		return 0;
	if (fsync(file->fd) < 0 && errno != EINVAL && errno != EROFS)
		return err_sys(err, errno, "write %s", file->path);
	if (!file->is_named) {
		if (link_data(file, file->name) == 0)
			return 0;
		if (errno != EEXIST)
			return err_sys(err, errno, "create %s", file->path);
		unlinkat(file->dir_fd, file->partial, 0);
		if (link_data(file, file->partial) < 0)
			return err_sys(err, errno, "create %s", file->path);
		file->is_named = true;
	}
	if (renameat(file->dir_fd, file->partial, file->dir_fd, file->name) < 0)
		return err_sys(err, errno, "replace %s", file->path);
	file->is_named = false;
	return 0;
}

void outfile_free(struct outfile *file)
{
	if (!file)
		return;
	if (file->is_named)
		unlinkat(file->dir_fd, file->partial, 0);
	if (file->fd >= 0)
		close(file->fd);
	if (file->dir_fd >= 0)
		close(file->dir_fd);
	free(file->path);
	free(file->name);
	free(file->partial);
	free(file);
}
