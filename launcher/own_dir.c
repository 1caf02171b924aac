#include "own_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"

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
	if (st.st_uid != geteuid() || (st.st_mode & 0777) != 0700)
		return err_set(err, ERR_HOST,
			       "%s is not ours alone (owner %u, mode %03o): "
			       "remove it, or give it to uid %u with mode 700",
			       path, st.st_uid, st.st_mode & 0777, geteuid());
	return take_fd(&fd);
}
