#include "outdir.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "directory.h"
#include "outfile.h"

static int remove_one(const char *path, const struct stat *st, int type,
		      struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

/* Never through a link, never into another file system. */
static int remove_tree(const char *path)
{
	return nftw(path, remove_one, 64, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

void outdir_free(struct outdir *dir)
{
	if (!dir)
		return;
	if (dir->fd >= 0) {
		if (!dir->is_whole)
			remove_tree(dir->partial);
		close(dir->fd);
	}
	free(dir->path);
	free(dir->partial);
	free(dir);
}

static int set_names(struct outdir *dir, const char *output, struct err *err)
{
	size_t len = strlen(output);
	const char *name;

	while (len > 1 && output[len - 1] == '/')
		len--;
	dir->path = strndup(output, len);
	if (!dir->path)
		return err_sys(err, ENOMEM, "%s", output);
	name = strrchr(dir->path, '/');
	name = name ? name + 1 : dir->path;
	if (*name == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return err_set(err, ERR_USAGE,
			       "%s: an image needs a directory of its own name",
			       output);
	if (asprintf(&dir->partial, "%.*s" OUTFILE_PARTIAL,
		     (int)(name - dir->path), dir->path, name) < 0)
		return err_sys(err, ENOMEM, "%s", output);
	return 0;
}

/* A name that is free, or an empty directory. */
static int check_free(const char *path, struct err *err)
{
	auto_closedir DIR *dir = NULL;
	struct stat st;
	size_t n = 0;

	if (lstat(path, &st) < 0)
		return errno == ENOENT ? 0 : err_sys(err, errno, "%s", path);
	if (!S_ISDIR(st.st_mode))
		return err_set(err, ERR_USAGE, "%s: exists and is no directory",
			       path);
	dir = opendir(path);
	if (!dir)
		return err_sys(err, errno, "%s", path);
	while (n < 3 && readdir(dir)) /* "." and ".." always */
		n++;
	if (n < 3)
		return 0;
	return err_set(err, ERR_USAGE,
		       "%s: exists and is not empty; remove it first, or "
		       "choose another name",
		       path);
}

/* One that a killed run left is removed, one in use is not. */
static int remove_stale(const char *partial, struct err *err)
{
	auto_close int fd =
		open(partial, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT ? 0 : err_sys(err, errno, "%s", partial);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK
			       ? err_set(err, ERR_SYSTEM,
					 "%s: another build writes it just now",
					 partial)
			       : err_sys(err, errno, "lock %s", partial);
	if (remove_tree(partial) != 0)
		return err_sys(err, errno, "remove %s", partial);
	return 0;
}

static int make_partial(struct outdir *dir, struct err *err)
{
	if (*dir->path != '/' &&
	    directory_is_there(AT_FDCWD, dir->path, err) < 0)
		return -1;
	if (mkdir(dir->partial, 0700) < 0)
		return err_sys(err, errno, "create %s", dir->path);
	dir->fd = open(dir->partial,
		       O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir->fd < 0) {
		rmdir(dir->partial);
		return err_sys(err, errno, "create %s", dir->path);
	}
	flock(dir->fd, LOCK_EX | LOCK_NB);
	/* what lies above must not give its rules to the image's files */
	fremovexattr(dir->fd, "system.posix_acl_default");
	return 0;
}

int outdir_open(const char *path, struct outdir **out, struct err *err)
{
	auto_of(outdir) struct outdir *dir = calloc(1, sizeof(*dir));

	if (!dir)
		return err_sys(err, ENOMEM, "%s", path);
	dir->fd = -1;
	if (set_names(dir, path, err) < 0 || check_free(dir->path, err) < 0 ||
	    remove_stale(dir->partial, err) < 0 || make_partial(dir, err) < 0)
		return -1;
	*out = TAKE(dir);
	return 0;
}

int outdir_commit(struct outdir *dir, struct err *err)
{
	if (syncfs(dir->fd) < 0)
		return err_sys(err, errno, "write %s", dir->path);
	if (rename(dir->partial, dir->path) < 0)
		return err_sys(err, errno, "create %s", dir->path);
	dir->is_whole = true;
	return 0;
}
