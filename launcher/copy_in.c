#include "copy_in.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "fdio.h"
#include "rootfd.h"

#define MAX_DEPTH 64

/* Where one copy comes from and goes to: names in open directories. */
struct place {
	int from_fd;
	const char *from;
	int to_fd;
	const char *to;
	const char *request; /* for messages */
	unsigned depth;
};

static int copy_node(const struct place *place, struct err *err);

static int copy_bytes(int from, int to, struct err *err, const char *name)
{
	char buffer[1 << 16];

	for (;;) {
		ssize_t n = fd_read_full(from, buffer, sizeof(buffer));
		int error;

		if (n <= 0)
			return n < 0 ? err_sys(err, (int)-n, "--copy: read %s",
					       name)
				     : 0;
		error = fd_write_full(to, buffer, (size_t)n);
		if (error < 0)
			return err_sys(err, -error, "--copy: write %s", name);
	}
}

static int copy_file(const struct place *place, int from, const struct stat *st,
		     struct err *err)
{
	auto_close int to = -1;

	/* What the image has under that name is replaced. */
	if (unlinkat(place->to_fd, place->to, 0) < 0 && errno != ENOENT)
		return err_sys(err, errno, "--copy %s: replace %s",
			       place->request, place->to);
	to = openat(place->to_fd, place->to,
		    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (to < 0)
		return err_sys(err, errno, "--copy %s: make %s", place->request,
			       place->to);
	if (copy_bytes(from, to, err, place->from) < 0)
		return -1;
	if (fchmod(to, st->st_mode & 0111 ? 0755 : 0644) < 0)
		return err_sys(err, errno, "--copy %s: mode of %s",
			       place->request, place->to);
	return 0;
}

static int copy_link(const struct place *place, struct err *err)
{
	char target[PATH_MAX];
	ssize_t len = readlinkat(place->from_fd, place->from, target,
				 sizeof(target) - 1);

	if (len < 0)
		return err_sys(err, errno, "--copy: read %s", place->from);
	target[len] = '\0';
	if ((unlinkat(place->to_fd, place->to, 0) < 0 && errno != ENOENT) ||
	    symlinkat(target, place->to_fd, place->to) < 0)
		return err_sys(err, errno, "--copy %s: make %s", place->request,
			       place->to);
	return 0;
}

static int copy_entries(const struct place *place, int from, int to,
			struct err *err)
{
	auto_closedir DIR *dir = fdopendir(from);
	struct dirent *entry;

	if (!dir) {
		close(from);
		return err_sys(err, errno, "--copy: list %s", place->from);
	}
	while (errno = 0, (entry = readdir(dir))) {
		struct place below = {
			dirfd(dir),    entry->d_name,  to,
			entry->d_name, place->request, place->depth + 1};

		if (strcmp(entry->d_name, ".") == 0 ||
		    strcmp(entry->d_name, "..") == 0)
			continue;
		if (copy_node(&below, err) < 0)
			return -1;
	}
	return errno ? err_sys(err, errno, "--copy: list %s", place->from) : 0;
}

static int copy_directory(const struct place *place, int from, struct err *err)
{
	auto_close int to = -1;
	int list;

	if (place->depth >= MAX_DEPTH)
		return err_set(err, ERR_USAGE,
			       "--copy %s: more than %d directories deep",
			       place->request, MAX_DEPTH);
	if (mkdirat(place->to_fd, place->to, 0755) < 0 && errno != EEXIST)
		return err_sys(err, errno, "--copy %s: make %s", place->request,
			       place->to);
	to = openat(place->to_fd, place->to,
		    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	list = to < 0 ? -1 : fcntl(from, F_DUPFD_CLOEXEC, 0);
	if (list < 0)
		return err_sys(err, errno, "--copy %s: open %s", place->request,
			       place->to);
	return copy_entries(place, list, to, err);
}

/* What was named may be a link; what is below it is copied as it is. */
static int copy_node(const struct place *place, struct err *err)
{
	int nofollow = place->depth ? O_NOFOLLOW : 0;
	auto_close int from =
		openat(place->from_fd, place->from,
		       O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | nofollow);
	struct stat st;

	if (from < 0 && errno == ELOOP && nofollow)
		return copy_link(place, err);
	if (from < 0 || fstat(from, &st) < 0)
		return err_sys_kind(err, ERR_USAGE, errno, "--copy %s: %s",
				    place->request, place->from);
	if (S_ISDIR(st.st_mode))
		return copy_directory(place, from, err);
	if (S_ISREG(st.st_mode))
		return copy_file(place, from, &st, err);
	return err_set(err, ERR_USAGE,
		       "--copy %s: %s is neither a file, a directory nor a "
		       "link",
		       place->request, place->from);
}

/* Makes the directories of path that are missing; a descriptor of the last. */
static int make_way(int root_fd, char *path)
{
	char *at = path;
	int fd;

	while ((at = strchr(at + 1, '/'))) {
		auto_close int parent = -1;
		char *name;

		*at = '\0';
		fd = root_open(root_fd, path, O_PATH | O_DIRECTORY, 0);
		if (fd == -ENOENT) {
			name = strrchr(path, '/');
			*name = '\0';
			parent = root_open(root_fd, *path ? path : "/",
					   O_PATH | O_DIRECTORY, 0);
			*name = '/';
			if (parent < 0)
				return parent;
			if (mkdirat(parent, name + 1, 0755) < 0)
				return -errno;
		} else if (fd < 0) {
			return fd;
		} else {
			close(fd);
		}
		*at = '/';
	}
	at = strrchr(path, '/');
	*at = '\0';
	fd = root_open(root_fd, *path ? path : "/", O_RDONLY | O_DIRECTORY, 0);
	*at = '/';
	return fd;
}

/* "//a///b/" becomes "/a/b"; ".." is refused by the caller. */
static void squeeze(char *path)
{
	char *from = path, *to = path;

	while (*from) {
		if (*from == '/' && to > path && to[-1] == '/')
			from++;
		else
			*to++ = *from++;
	}
	if (to > path + 1 && to[-1] == '/')
		to--;
	*to = '\0';
}

static bool has_dots(const char *path)
{
	const char *at;

	for (at = path; (at = strstr(at, "/.")); at += 2)
		if (at[2] == '\0' || at[2] == '/' ||
		    (at[2] == '.' && (at[3] == '\0' || at[3] == '/')))
			return true;
	return false;
}

/* The colon before DST; SRC may have colons, too. */
static char *find_colon(char *request)
{
	char *colon = NULL, *at;

	for (at = request; (at = strstr(at, ":/")); at++)
		colon = at;
	return colon;
}

bool copy_in_reaches(const char *request, const char *directory)
{
	auto_free char *copy = strdup(request);
	char *target = copy ? find_colon(copy) : NULL;
	size_t len = strlen(directory);

	if (!target)
		return false;
	squeeze(++target);
	return strncmp(target, directory, len) == 0 &&
	       (target[len] == '\0' || target[len] == '/');
}

int copy_in(int root_fd, const char *request, struct err *err)
{
	auto_free char *source = strdup(request);
	auto_close int to_fd = -1;
	char *colon, *name;
	struct place place = {.from_fd = AT_FDCWD, .request = request};

	if (!source)
		return err_sys(err, ENOMEM, "--copy");
	colon = find_colon(source);
	if (!colon || colon == source || has_dots(colon + 1))
		return err_set(err, ERR_USAGE,
			       "--copy \"%s\" is not SRC:DST with an absolute "
			       "DST (without . or ..)",
			       request);
	*colon = '\0';
	squeeze(colon + 1);
	if (colon[2] == '\0')
		return err_set(err, ERR_USAGE,
			       "--copy %s: DST names no file in the jail",
			       request);
	to_fd = make_way(root_fd, colon + 1);
	if (to_fd < 0)
		return err_sys_kind(err, ERR_INPUT, -to_fd,
				    "--copy %s: the way there in the image",
				    request);
	name = strrchr(colon + 1, '/') + 1;
	place.from = source;
	place.to_fd = to_fd;
	place.to = name;
	return copy_node(&place, err);
}
