#include "root_target.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rootfd.h"

static int make_directory(int root, char *path)
{
	char *slash = strrchr(path, '/');
	auto_close int parent = -1;
	int error = 0;

	*slash = '\0';
	parent = root_open_nolinks(root, slash == path ? "/" : path,
				   O_PATH | O_DIRECTORY, 0);
	if (parent == -ENOENT) {
		error = make_directory(root, path);
		if (error == 0)
			parent = root_open_nolinks(root, path,
						   O_PATH | O_DIRECTORY, 0);
	}
	*slash = '/';
	if (error < 0 || parent < 0)
		return error < 0 ? error : parent;
	if (mkdirat(parent, slash + 1, 0755) < 0 && errno != EEXIST)
		return -errno;
	return 0;
}

/* A file to mount another on. */
static int make_file(int root, char *path)
{
	int fd = root_open_nolinks(root, path, O_WRONLY | O_CREAT | O_EXCL,
				   0644);
	char *slash = strrchr(path, '/');

	if (fd == -ENOENT && slash != path) {
		int error;

		*slash = '\0';
		error = make_directory(root, path);
		*slash = '/';
		if (error < 0)
			return error;
		fd = root_open_nolinks(root, path, O_WRONLY | O_CREAT | O_EXCL,
				       0644);
	}
	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

int root_target_open(int root, const struct root_place *place)
{
	int flags = O_PATH | (place->is_file ? O_NOFOLLOW : O_DIRECTORY);
	int fd = root_open_nolinks(root, place->target, flags, 0), error;
	auto_free char *path = NULL;

	if (fd != -ENOENT)
		return fd;
	path = strdup(place->target);
	if (!path)
		return -ENOMEM;
	error = place->is_file ? make_file(root, path)
			       : make_directory(root, path);
	return error < 0 ? error
			 : root_open_nolinks(root, place->target, flags, 0);
}

const char *root_target_enter(int root, const struct root_place *place)
{
	auto_free char *path = strdup(place->target);
	char *slash = path ? strrchr(path, '/') : NULL;
	auto_close int parent = -1;

	if (!slash) {
		errno = ENOMEM;
		return NULL;
	}
	*slash = '\0';
	parent = root_open_nolinks(root, slash == path ? "/" : path,
				   O_PATH | O_DIRECTORY, 0);
	if (parent < 0) {
		errno = -parent;
		return NULL;
	}
	return fchdir(parent) < 0 ? NULL : strrchr(place->target, '/') + 1;
}
