#include "directory.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

DIR *directory_list(int dir_fd)
{
	/* Not a copy of the descriptor: both would read on from one place. */
	int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *list = fd < 0 ? NULL : fdopendir(fd);
	int error = errno;

	if (!list && fd >= 0)
		close(fd);
	errno = error;
	return list;
}

int directory_is_there(int dir_fd, const char *for_what, struct err *err)
{
	struct stat st;

	if (fstatat(dir_fd, ".", &st, 0) < 0 ? errno != ENOENT
					     : st.st_nlink > 0)
		return 0;
	return err_set(err, ERR_HOST,
		       "%s: the directory that it would be made in was "
		       "deleted; change to one that is there",
		       for_what);
}
