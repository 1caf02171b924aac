#include "destination.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cleanup.h"
#include "given_fd.h"

static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

static bool look(const char *where, struct stat *st)
{
	int fd;

	if (!given_fd_is(where))
		return stat(where, st) == 0;
	return given_fd_parse(where + strcspn(where, ":") + 1, &fd) &&
	       fstat(fd, st) == 0;
}

/* The directory that a file will be made in. */
static bool look_above(const char *path, const char *name, struct stat *st)
{
	auto_free char *above = strndup(path, (size_t)(name - path));

	return above && stat(*above ? above : ".", st) == 0;
}

static const char *name_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Of files that are both still to be made. */
static bool will_clash(const char *a, const char *b)
{
	const char *name = name_of(a), *other = name_of(b);
	struct stat above, other_above;

	return strcmp(name, other) == 0 && look_above(a, name, &above) &&
	       look_above(b, other, &other_above) &&
	       is_same(&above, &other_above);
}

bool destinations_clash(const char *a, const char *b)
{
	struct stat st, other;
	bool is_there = look(a, &st), other_is_there = look(b, &other);

	if (given_fd_is(a) && given_fd_is(b))
		return false;
	if (is_there && other_is_there)
		return S_ISREG(st.st_mode) && is_same(&st, &other);
	return !is_there && !other_is_there && !given_fd_is(a) &&
	       !given_fd_is(b) && will_clash(a, b);
}
