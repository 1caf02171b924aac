/*
 * unpack_remove(): what is below may be any tree that a jailed program can
 * make, of any depth.  Down to LEVELS directories are open at a time; a
 * directory below that is moved up to the top first, so that neither stack nor
 * descriptors grow with the tree, and ".." is never used.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kernel_dirent.h"
#include "unpack.h"

#define LEVELS 24
/* How often a directory is read again because something appeared in it. */
#define PASSES 100

struct remover {
	int top_fd;
	dev_t device;
	unsigned long n_moved;
	int first_error; /* -errno */
};

static void note(struct remover *remover, int sys)
{
	if (remover->first_error == 0)
		remover->first_error = -sys;
}

/* Never into a mount: what is there is not ours to remove. */
static int open_dir(const struct remover *remover, int dir, const char *name)
{
	const struct open_how how = {
		.flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
		.resolve =
			RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV,
	};
	int fd = (int)syscall(SYS_openat2, dir, name, &how, sizeof(how));
	struct stat st;

	if (fd >= 0 || (errno != ENOSYS && errno != EPERM))
		return fd; /* 5.6, and not forbidden by a seccomp filter */
	fd = openat(dir, name, (int)how.flags);
	if (fd >= 0 && (fstat(fd, &st) < 0 || st.st_dev != remover->device)) {
		close(fd);
		errno = EXDEV;
		return -1;
	}
	return fd;
}

/* As open_dir(), for a directory whose mode forbids us, if it is ours. */
static int open_any_dir(const struct remover *remover, int dir,
			const char *name)
{
	int fd = open_dir(remover, dir, name);

	if (fd < 0 && errno == EACCES &&
	    fchmodat(dir, name, 0700, AT_SYMLINK_NOFOLLOW) == 0)
		fd = open_dir(remover, dir, name);
	return fd;
}

/* As unlinkat(), in a directory whose mode forbids us, if it is ours. */
static int unlink_any(int dir, const char *name, int flags)
{
	int status = unlinkat(dir, name, flags);

	if (status < 0 && errno == EACCES && fchmod(dir, 0700) == 0)
		status = unlinkat(dir, name, flags);
	return status;
}

static char *append_number(char *at, unsigned long number)
{
	char digits[24];
	size_t n = 0;

	do {
		digits[n++] = (char)('0' + number % 10);
		number /= 10;
	} while (number);
	while (n)
		*at++ = digits[--n];
	*at = '\0';
	return at;
}

/* To the top, under a name that is free there. */
static int move_up(struct remover *remover, int dir, const char *name)
{
	char free_name[32] = ".moved-";
	int status;

	do {
		append_number(free_name + 7, remover->n_moved++);
		status = renameat(dir, name, remover->top_fd, free_name);
		if (status < 0 && errno == EACCES && fchmod(dir, 0700) == 0 &&
		    (fchmodat(dir, name, 0700, AT_SYMLINK_NOFOLLOW) == 0 ||
		     errno == EOPNOTSUPP))
			status =
				renameat(dir, name, remover->top_fd, free_name);
	} while (status < 0 &&
		 (errno == EEXIST || errno == ENOTEMPTY || errno == ENOTDIR));
	return status;
}

static unsigned long empty_once(struct remover *remover, int fd,
				unsigned level);

/* Too deep to be opened here: to the top, unless it is empty. */
static bool remove_deep_dir(struct remover *remover, int dir, const char *name)
{
	if (unlink_any(dir, name, AT_REMOVEDIR) == 0 ||
	    move_up(remover, dir, name) == 0)
		return true;
	note(remover, errno);
	return false;
}

/* true when it is gone. */
static bool remove_dir(struct remover *remover, int dir, const char *name,
		       unsigned level)
{
	unsigned pass = 0;
	unsigned long n_gone;
	bool is_gone;
	int fd;

	if (level == LEVELS)
		return remove_deep_dir(remover, dir, name);
	fd = open_any_dir(remover, dir, name);
	if (fd < 0) {
		note(remover, errno);
		return false;
	}
	do { /* again, as removing may hide some entries from a reading */
		n_gone = empty_once(remover, fd, level);
		is_gone = unlink_any(dir, name, AT_REMOVEDIR) == 0;
	} while (!is_gone && n_gone > 0 && pass++ < PASSES);
	if (!is_gone)
		note(remover, errno);
	close(fd);
	return is_gone;
}

/* true when it is gone. */
static bool remove_entry(struct remover *remover, int dir,
			 const struct kernel_dirent *entry, unsigned level)
{
	if (entry->type != DT_DIR) {
		if (unlink_any(dir, entry->name, 0) == 0 || errno == ENOENT)
			return true;
		if (errno != EISDIR) { /* a file system without types */
			note(remover, errno);
			return false;
		}
	}
	return remove_dir(remover, dir, entry->name, level + 1);
}

/* One reading from the start: how many entries went. */
static unsigned long empty_once(struct remover *remover, int fd, unsigned level)
{
	_Alignas(struct kernel_dirent) char buffer[2048];
	unsigned long n_gone = 0;
	long n;

	if (lseek(fd, 0, SEEK_SET) < 0)
		note(remover, errno);
	while ((n = syscall(SYS_getdents64, fd, buffer, sizeof(buffer))) > 0)
		for (long at = 0; at < n;) {
			const struct kernel_dirent *entry =
				(const void *)(buffer + at);

			at += entry->len;
			if (strcmp(entry->name, ".") != 0 &&
			    strcmp(entry->name, "..") != 0)
				n_gone +=
					remove_entry(remover, fd, entry, level);
		}
	if (n < 0)
		note(remover, errno);
	return n_gone;
}

int unpack_remove(int dir_fd)
{
	struct remover remover = {.top_fd = -1};
	struct stat st;

	remover.top_fd =
		openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (remover.top_fd < 0)
		return -errno;
	if (fstat(remover.top_fd, &st) < 0) {
		note(&remover, errno);
	} else {
		remover.device = st.st_dev;
		/* each reading takes at least one away, until none can be */
		while (empty_once(&remover, remover.top_fd, 0) > 0)
			;
	}
	close(remover.top_fd);
	return remover.first_error;
}
