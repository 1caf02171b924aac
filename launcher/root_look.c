#include "root_look.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "cleanup.h"
#include "kernel_dirent.h"
#include "rootfd.h"

bool root_is_none(int error)
{
	return error == -ENOENT || error == -ENOTDIR || error == -ELOOP;
}

int root_look_at(int root_fd, const char *path, struct stat *st,
		 struct err *err)
{
	auto_close int fd =
		root_open_nolinks(root_fd, path, O_PATH | O_DIRECTORY, 0);

	if (root_is_none(fd))
		return 0;
	if (fd < 0 || fstat(fd, st) < 0)
		return err_sys(err, fd < 0 ? -fd : errno, "%s of the image",
			       path);
	return 1;
}

/* Without a DIR, whose buffer costs as much as the rest. */
int root_directory_is_empty(int root_fd, const char *path, struct err *err)
{
	auto_close int fd =
		root_open_nolinks(root_fd, path, O_RDONLY | O_DIRECTORY, 0);
	char entries[1024]
		__attribute__((aligned(__alignof__(struct kernel_dirent))));
	long at, n = -1;

	if (fd < 0)
		return err_sys(err, -fd, "%s of the image", path);
	while ((n = syscall(SYS_getdents64, fd, entries, sizeof(entries))) > 0)
		for (at = 0; at < n;) {
			const struct kernel_dirent *entry =
				(const void *)(entries + at);

			if (strcmp(entry->name, ".") != 0 &&
			    strcmp(entry->name, "..") != 0)
				return 0;
			at += entry->len;
		}
	return n < 0 ? err_sys(err, errno, "%s of the image", path) : 1;
}

bool root_is_full(int fd)
{
	struct statfs fs;

	return fstatfs(fd, &fs) == 0 &&
	       (fs.f_bavail == 0 || (fs.f_files != 0 && fs.f_ffree == 0));
}
