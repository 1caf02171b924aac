#include "rootfd.h"

#include <errno.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "array.h"
#include "cleanup.h"
#include "fdio.h"

#define MAX_LINKS 40 /* the kernel's own limit */

/* The walk's state: where it stands, and every directory above, up to root. */
struct walk {
	int *dirs; /* dirs[0] is root, not owned; the last is where we stand */
	size_t n;
	unsigned links_left; /* 0: none may be followed */
};

static bool openat2_is_missing(int error)
{
	/* EPERM: a seccomp filter older than openat2() stands before it. */
	return error == ENOSYS || error == EPERM;
}

static int try_openat2(int root_fd, const char *path, int flags, mode_t mode,
		       unsigned long long resolve)
{
	struct open_how how = {
		.flags = (unsigned)flags,
		.mode = flags & O_CREAT ? mode : 0,
		.resolve = resolve | RESOLVE_NO_MAGICLINKS,
	};
	int tries = 100, fd;

	do /* EAGAIN: something was renamed meanwhile */
		fd = (int)syscall(SYS_openat2, root_fd, path, &how,
				  sizeof(how));
	while (fd < 0 && errno == EAGAIN && tries-- > 0);
	return fd < 0 ? -errno : fd;
}

static void walk_end(struct walk *walk)
{
	while (walk->n > 1)
		close(walk->dirs[--walk->n]);
	free(walk->dirs);
}

static int walk_enter(struct walk *walk, int fd)
{
	int *place = array_push(walk->dirs, walk->n);

	if (!place) {
		close(fd);
		return -ENOMEM;
	}
	*place = fd;
	return 0;
}

static int here(const struct walk *walk)
{
	return walk->dirs[walk->n - 1];
}

/* link's target + "/" + rest, owned by the caller. */
static int read_link(int dir_fd, const char *name, const char *rest,
		     char **joined)
{
	char target[PATH_MAX];
	ssize_t len = readlinkat(dir_fd, name, target, sizeof(target));

	if (len < 0)
		return -errno;
	if ((size_t)len == sizeof(target))
		return -ENAMETOOLONG;
	*joined = malloc((size_t)len + 1 + strlen(rest) + 1);
	if (!*joined)
		return -ENOMEM;
	memcpy(*joined, target, (size_t)len);
	(*joined)[len] = '\0';
	if (*rest) {
		strcat(*joined, "/");
		strcat(*joined, rest);
	}
	return 0;
}

static bool is_link(int dir_fd, const char *name)
{
	struct stat st;

	return fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       S_ISLNK(st.st_mode);
}

/* Cuts the first component off *path; *rest is what follows, "" if nothing. */
static char *next_component(char **path)
{
	char *name = *path + strspn(*path, "/");
	char *end = name + strcspn(name, "/");

	*path = end + strspn(end, "/");
	*end = '\0';
	return name;
}

static int step_into(struct walk *walk, const char *name)
{
	int fd;

	if (strcmp(name, "..") == 0) {
		if (walk->n > 1)
			close(walk->dirs[--walk->n]);
		return 0;
	}
	if (*name == '\0' || strcmp(name, ".") == 0)
		return 0;
	fd = openat(here(walk), name,
		    O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : walk_enter(walk, fd);
}

static void back_to_root(struct walk *walk)
{
	while (walk->n > 1)
		close(walk->dirs[--walk->n]);
}

static bool names_itself(const char *name)
{
	return *name == '\0' || strcmp(name, ".") == 0 ||
	       strcmp(name, "..") == 0;
}

/* As for the kernel: what is to be made anew is not where a link leads. */
static bool follows_last(int flags)
{
	const int anew = O_CREAT | O_EXCL;

	return !(flags & O_NOFOLLOW) && (flags & anew) != anew;
}

/* One pass over path; 1: *path was replaced by a link's target, go on. */
static int walk_step(struct walk *walk, char **path, int flags, mode_t mode,
		     int *out)
{
	auto_free char *work = TAKE(*path);
	char *rest = work;

	if (*work == '/')
		back_to_root(walk);
	for (;;) {
		bool wants_dir = strchr(rest + strspn(rest, "/"), '/') != NULL;
		char *name = next_component(&rest);
		bool is_last = *rest == '\0';
		int error;

		if ((!is_last || wants_dir || follows_last(flags)) &&
		    !names_itself(name) && is_link(here(walk), name)) {
			if (walk->links_left == 0)
				return -ELOOP;
			walk->links_left--;
			error = read_link(here(walk), name, rest, path);
			return error < 0 ? error : 1;
		}
		if (is_last && !wants_dir && !names_itself(name)) {
			*out = openat(here(walk), name, flags | O_NOFOLLOW,
				      mode);
			return *out < 0 ? -errno : 0;
		}
		error = step_into(walk, name);
		if (error < 0)
			return error;
		if (is_last) {
			*out = openat(here(walk), ".", flags & ~O_CREAT);
			return *out < 0 ? -errno : 0;
		}
	}
}

static int walk_open(int root_fd, const char *path, int flags, mode_t mode,
		     unsigned max_links)
{
	struct walk walk = {.links_left = max_links};
	auto_free char *left = NULL;
	int more, fd = -1;

	if (*path == '\0')
		return -ENOENT;
	if (strlen(path) >= PATH_MAX)
		return -ENAMETOOLONG;
	left = strdup(path);
	walk.dirs = malloc(sizeof(*walk.dirs)); /* array.h: room for one */
	if (!left || !walk.dirs) {
		free(walk.dirs);
		return -ENOMEM; /* root_fd is not ours to close */
	}
	walk.dirs[walk.n++] = root_fd;
	more = 1;
	while (more == 1)
		more = walk_step(&walk, &left, flags, mode, &fd);
	walk_end(&walk);
	return more < 0 ? more : fd;
}

static int open_below(int root_fd, const char *path, int flags, mode_t mode,
		      unsigned long long resolve, unsigned max_links)
{
	int fd;

	flags |= O_CLOEXEC;
	if (!(flags & O_PATH))
		flags |= O_NONBLOCK | O_NOCTTY;
	fd = try_openat2(root_fd, path, flags, mode, resolve);
	if (fd < 0 && openat2_is_missing(-fd))
		fd = walk_open(root_fd, path, flags, mode, max_links);
	return fd;
}

int root_open(int root_fd, const char *path, int flags, mode_t mode)
{
	return open_below(root_fd, path, flags, mode, RESOLVE_IN_ROOT,
			  MAX_LINKS);
}

int root_open_nolinks(int root_fd, const char *path, int flags, mode_t mode)
{
	return open_below(root_fd, path, flags, mode,
			  RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS, 0);
}

int root_read_file(int root_fd, const char *path, size_t limit, char **data,
		   size_t *len)
{
	auto_close int fd = root_open(root_fd, path, O_RDONLY, 0);
	struct stat st;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	return fd_read_all(fd, limit, data, len);
}
