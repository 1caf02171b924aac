#include "unpack_place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "cleanup.h"
#include "own_dir.h"

/* Of a reason, so that there is room for all of them. */
#define MOST_REASON 100

/* path: a directory of our own; above, or what variable says: where we make
 * one.  /tmp is the host's; what a variable says is looked at. */
static const struct place {
	const char *path, *above, *variable;
	bool is_roots;
} rows[] = {
	{.path = "/run/jailwright", .is_roots = true},
	{.path = "/var/lib/jailwright", .is_roots = true},
	{.above = "/tmp"},
	{.variable = "XDG_RUNTIME_DIR"},
	{.variable = "TMPDIR"},
};
#define N_ROWS (sizeof(rows) / sizeof(*rows))

/*
 * Programs are executed from there, and devices opened; but not by who is not
 * root: his jails have the host's devices, bound.
 */
static int check_mount(int fd, const char *path, uint64_t bytes,
		       struct err *err)
{
	struct statvfs file_system;
	unsigned long unfit = ST_NOEXEC | (geteuid() == 0 ? ST_NODEV : 0);
	uint64_t room;

	if (fstatvfs(fd, &file_system) < 0)
		return err_sys(err, errno, "%s", path);
	if (file_system.f_flag & ST_RDONLY)
		return err_set(err, ERR_HOST, "%s is mounted read-only", path);
	if (file_system.f_flag & unfit)
		return err_set(err, ERR_HOST, "%s is mounted noexec%s", path,
			       unfit & ST_NODEV ? " or nodev" : "");
	room = (uint64_t)file_system.f_bavail * file_system.f_frsize;
	/* Without a size of its own, a file system has no blocks to count. */
	if (file_system.f_blocks && room < bytes)
		return err_set(err, ERR_HOST,
			       "%s has room for %ju bytes, not %ju", path,
			       (uintmax_t)room, (uintmax_t)bytes);
	return 0;
}

/*
 * Whoever may rename what is in a directory could give us another one: nobody
 * but root and ourselves may, or only what is his own.
 */
static int check_above(const char *path, struct err *err)
{
	struct stat st;

	if (*path != '/')
		return err_set(err, ERR_USAGE, "%s is no absolute path", path);
	if (stat(path, &st) < 0)
		return err_sys(err, errno, "%s", path);
	if (st.st_uid != 0 && st.st_uid != geteuid())
		return err_set(err, ERR_HOST, "%s belongs to uid %u", path,
			       st.st_uid);
	if ((st.st_mode & 022) && !(st.st_mode & S_ISVTX))
		return err_set(err, ERR_HOST,
			       "%s can be written to by others and is not "
			       "sticky",
			       path);
	return 0;
}

static int open_own(const char *path, uint64_t bytes, struct err *err)
{
	auto_close int fd = own_dir_open(AT_FDCWD, path, err);

	if (fd < 0 || check_mount(fd, path, bytes, err) < 0)
		return -1;
	return take_fd(&fd);
}

static int open_row(const struct place *row, uint64_t bytes, struct err *err)
{
	const char *above = row->variable ? getenv(row->variable) : row->above;
	auto_free char *path = NULL;

	if (row->path)
		return open_own(row->path, bytes, err);
	if (!above || !*above)
		return err_set(err, ERR_HOST, "$%s is not set", row->variable);
	if (row->variable && check_above(above, err) < 0)
		return err_context(err, "$%s", row->variable);
	if (asprintf(&path, "%s/jailwright-%u", above, geteuid()) < 0) {
		path = NULL;
		return err_sys(err, ENOMEM, "%s", above);
	}
	return open_own(path, bytes, err);
}

void unpack_place_refuse(struct unpack_places *places, const char *why)
{
	size_t len = strlen(places->tried);

	snprintf(places->tried + len, sizeof(places->tried) - len, "%s%.*s",
		 len ? "; " : "", MOST_REASON, why);
}

int unpack_place_open(struct unpack_places *places, struct err *err)
{
	while (places->next < N_ROWS) {
		const struct place *row = &rows[places->next++];
		struct err why = {0};
		int fd;

		if (row->is_roots && geteuid() != 0)
			continue;
		fd = open_row(row, places->bytes, &why);
		if (fd >= 0)
			return fd;
		unpack_place_refuse(places, why.msg);
	}
	return err_set(err, ERR_HOST,
		       "no place to unpack the image (-r takes one that is "
		       "unpacked): %s",
		       places->tried);
}
