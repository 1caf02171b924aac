#include "directory.h"

#include <errno.h>
#include <fcntl.h>
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
