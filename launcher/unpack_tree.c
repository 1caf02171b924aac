#include "unpack_tree.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "array.h"
#include "unpack_check.h"

/* Bytes of all directories' paths, which are kept until the end. */
#define PATHS_MAX (16u << 20)

/* A directory that waits for its attributes. */
struct waiting {
	char *path;
	struct unpack_record record; /* number 0: no member, only above one */
};

/* An open directory of the current path. */
struct level {
	int fd;
	size_t len; /* of its path */
};

struct unpack_tree {
	char path[UNPACK_NAME_MAX + 1]; /* of the last level */
	struct level levels[UNPACK_DEPTH_MAX + 1]; /* [0]: the top */
	unsigned n_levels;
	struct waiting *waiting;
	size_t n_waiting, path_bytes;
};

int unpack_tree_new(int dir_fd, struct unpack_tree **out, struct err *err)
{
	struct unpack_tree *tree = calloc(1, sizeof(*tree));

	if (!tree)
		return err_sys(err, ENOMEM, "unpack");
	tree->levels[0].fd = dir_fd;
	tree->n_levels = 1;
	*out = tree;
	return 0;
}

static void leave_level(struct unpack_tree *tree)
{
	close(tree->levels[--tree->n_levels].fd);
}

void unpack_tree_free(struct unpack_tree *tree)
{
	if (!tree)
		return;
	while (tree->n_levels > 1)
		leave_level(tree);
	for (size_t i = 0; i < tree->n_waiting; i++)
		free(tree->waiting[i].path);
	free(tree->waiting);
	free(tree);
}

/* errno of a call that makes a member becomes who is to blame. */
static int cannot(struct err *err, int sys, const char *what)
{
	switch (sys) {
	case EEXIST:
		return err_set(err, ERR_INPUT,
			       "the archive has this path twice");
	case ENOTDIR:
	case ELOOP:
		return err_set(err, ERR_INPUT,
			       "a part of its path is another member that is "
			       "no directory");
	case EMLINK:
	case ENAMETOOLONG:
		return err_sys_kind(err, ERR_INPUT, sys, "%s", what);
	case EPERM:
	case EACCES:
	case EINVAL: /* an id that the user namespace does not map */
		return err_sys_kind(
			err, ERR_HOST, sys,
			"%s (root in a user namespace has no others' "
			"ids)",
			what);
	default:
		return err_sys(err, sys, "%s", what);
	}
}

static int wait_for_end(struct unpack_tree *tree, const char *path, size_t len,
			const struct unpack_record *record, struct err *err)
{
	struct waiting *waiting;

	tree->path_bytes += len;
	if (tree->path_bytes > PATHS_MAX)
		return err_set(err, ERR_INPUT,
			       "the names of all directories are too long");
	waiting = array_push(tree->waiting, tree->n_waiting);
	if (!waiting)
		return err_sys(err, ENOMEM, "unpack");
	waiting->record = *record;
	waiting->path = strndup(path, len);
	return waiting->path ? 0 : err_sys(err, ENOMEM, "unpack");
}

/* A directory that is no member, but lies above one. */
static int make_above(struct unpack_tree *tree, int above, const char *name,
		      const char *path, size_t len, struct err *err)
{
	static const struct unpack_record plain = {.kind = UNPACK_DIR,
						   .mode = 0755};

	if (mkdirat(above, name, 0700) < 0)
		return cannot(err, errno, "mkdir");
	return wait_for_end(tree, path, len, &plain, err);
}

/* path[0..len) is the open directory `levels - 1` or below it. */
static bool is_below(const struct unpack_tree *tree, const char *path,
		     size_t len)
{
	size_t open_len = tree->levels[tree->n_levels - 1].len;

	return open_len == 0 ||
	       (len >= open_len && memcmp(path, tree->path, open_len) == 0 &&
		(len == open_len || path[open_len] == '/'));
}

static int enter_level(struct unpack_tree *tree, const char *path, size_t start,
		       size_t len, bool make, struct err *err)
{
	int above = tree->levels[tree->n_levels - 1].fd, fd;
	char name[NAME_MAX + 1];

	if (tree->n_levels > UNPACK_DEPTH_MAX || len - start > NAME_MAX)
		return err_set(err, ERR_INPUT, "a path too deep");
	memcpy(name, path + start, len - start);
	name[len - start] = '\0';
	fd = openat(above, name,
		    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT && make) {
		if (make_above(tree, above, name, path, len, err) < 0)
			return -1;
		fd = openat(above, name,
			    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	}
	if (fd < 0)
		return errno == ENOENT
			       ? err_set(err, ERR_INPUT,
					 "it links to what the archive has not "
					 "brought yet")
			       : cannot(err, errno, "open its directory");
	memcpy(tree->path, path, len);
	tree->levels[tree->n_levels].fd = fd;
	tree->levels[tree->n_levels++].len = len;
	return 0;
}

/*
 * The directory path[0..len), open until another is entered.  With make, it
 * and those above it come into being.
 */
static int enter(struct unpack_tree *tree, const char *path, size_t len,
		 bool make, int *fd, struct err *err)
{
	size_t at;

	while (!is_below(tree, path, len))
		leave_level(tree);
	while ((at = tree->levels[tree->n_levels - 1].len) < len) {
		size_t start = at + (at > 0), end = start;

		while (end < len && path[end] != '/')
			end++;
		if (enter_level(tree, path, start, end, make, err) < 0)
			return -1;
	}
	*fd = tree->levels[tree->n_levels - 1].fd;
	return 0;
}

/* The directory of a path, and the name in it. */
static int enter_parent(struct unpack_tree *tree, const char *path, bool make,
			int *fd, const char **name, struct err *err)
{
	const char *slash = strrchr(path, '/');

	*name = slash ? slash + 1 : path;
	return enter(tree, path, slash ? (size_t)(slash - path) : 0, make, fd,
		     err);
}

static void times_of(const struct unpack_record *record,
		     struct timespec times[2])
{
	times[0].tv_sec = record->mtime;
	times[0].tv_nsec = record->mtime_ns;
	times[1] = times[0];
}

/* Of what is open. */
static int set_attributes(const struct unpack_record *record, const char *path,
			  int fd, struct err *err)
{
	struct timespec times[2];

	times_of(record, times);
	if (geteuid() == 0 && fchown(fd, record->uid, record->gid) < 0)
		return cannot(err, errno, "set its owner");
	if (fchmod(fd, unpack_mode(record, path)) < 0)
		return cannot(err, errno, "set its mode");
	if (futimens(fd, times) < 0)
		return cannot(err, errno, "set its time");
	return 0;
}

/* Of what cannot be opened.  We have just made it: it is no other. */
static int set_attributes_at(const struct unpack_record *record,
			     const char *path, int dir, const char *name,
			     struct err *err)
{
	struct timespec times[2];

	times_of(record, times);
	if (geteuid() == 0 && fchownat(dir, name, record->uid, record->gid,
				       AT_SYMLINK_NOFOLLOW) < 0)
		return cannot(err, errno, "set its owner");
	if (record->kind != UNPACK_SYMLINK &&
	    fchmodat(dir, name, unpack_mode(record, path), 0) < 0)
		return cannot(err, errno, "set its mode");
	if (utimensat(dir, name, times, AT_SYMLINK_NOFOLLOW) < 0)
		return cannot(err, errno, "set its time");
	return 0;
}

static int add_file(int dir, const char *name, int *fd, struct err *err)
{
	*fd = openat(dir, name,
		     O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		     0600);
	return *fd < 0 ? cannot(err, errno, "create") : 0;
}

int unpack_tree_file_done(const struct unpack_record *record, const char *path,
			  int fd, struct err *err)
{
	int status = set_attributes(record, path, fd, err);

	if (close(fd) < 0 && status == 0)
		return cannot(err, errno, "close");
	return status;
}

/* One that is there may be only above another member: the end tells. */
static int add_dir(struct unpack_tree *tree, const struct unpack_record *record,
		   const char *path, int dir, const char *name, struct err *err)
{
	struct stat st;

	if (mkdirat(dir, name, 0700) < 0) {
		int sys = errno;

		if (sys != EEXIST ||
		    fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
		    !S_ISDIR(st.st_mode))
			return cannot(err, sys, "mkdir");
	}
	return wait_for_end(tree, path, record->path_len, record, err);
}

static int add_symlink(const struct unpack_record *record, const char *path,
		       const char *target, int dir, const char *name,
		       struct err *err)
{
	if (symlinkat(target, dir, name) < 0)
		return cannot(err, errno, "symlink");
	return set_attributes_at(record, path, dir, name, err);
}

static int add_node(const struct unpack_record *record, const char *path,
		    int dir, const char *name, struct err *err)
{
	mode_t type = record->kind == UNPACK_CHAR ? S_IFCHR : S_IFIFO;
	dev_t device = type == S_IFCHR
			       ? makedev(record->dev_major, record->dev_minor)
			       : 0;

	/* It would not work, and only root can make it. */
	if (type == S_IFCHR && geteuid() != 0)
		return 0;
	if (mknodat(dir, name, type | 0600, device) < 0) {
		/* No CAP_MKNOD.  Those of /dev are made anew (devices.h). */
		if (type == S_IFCHR && errno == EPERM)
			return 0;
		return cannot(err, errno, "mknod");
	}
	return set_attributes_at(record, path, dir, name, err);
}

/* Only to a regular file, so that nobody can link to a link. */
static int add_hardlink(struct unpack_tree *tree, const char *path,
			const char *target, struct err *err)
{
	auto_close int target_dir = -1;
	const char *name, *target_name;
	struct stat st;
	int dir;

	if (enter_parent(tree, target, false, &dir, &target_name, err) < 0)
		return err_context(err, "hard link to \"%.100s\"", target);
	target_dir = fcntl(dir, F_DUPFD_CLOEXEC, 3);
	if (target_dir < 0)
		return err_sys(err, errno, "dup");
	if (fstatat(target_dir, target_name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    !S_ISREG(st.st_mode))
		return err_set(err, ERR_INPUT,
			       "hard link to \"%.100s\", which is no file that "
			       "the archive brought before",
			       target);
	if (enter_parent(tree, path, true, &dir, &name, err) < 0)
		return -1;
	if (linkat(target_dir, target_name, dir, name, 0) < 0)
		return cannot(err, errno, "link");
	return 0;
}

int unpack_tree_add(struct unpack_tree *tree,
		    const struct unpack_record *record, const char *path,
		    const char *target, int *fd, struct err *err)
{
	const char *name;
	int dir;

	*fd = -1;
	if (path[0] == '\0')
		return wait_for_end(tree, path, 0, record, err);
	if (record->kind == UNPACK_HARDLINK)
		return add_hardlink(tree, path, target, err);
	if (enter_parent(tree, path, true, &dir, &name, err) < 0)
		return -1;
	switch (record->kind) {
	case UNPACK_FILE:
		return add_file(dir, name, fd, err);
	case UNPACK_DIR:
		return add_dir(tree, record, path, dir, name, err);
	case UNPACK_SYMLINK:
		return add_symlink(record, path, target, dir, name, err);
	case UNPACK_CHAR:
	case UNPACK_FIFO:
		return add_node(record, path, dir, name, err);
	default:
		return err_set(err, ERR_INPUT, "a member of unknown kind");
	}
}

static int by_path(const void *a, const void *b)
{
	const struct waiting *left = a, *right = b;
	int order = strcmp(left->path, right->path);

	if (order != 0)
		return order;
	return left->record.number < right->record.number   ? -1
	       : left->record.number > right->record.number ? 1
							    : 0;
}

static int finish_dir(struct unpack_tree *tree, const struct waiting *waiting,
		      struct err *err)
{
	struct unpack_record record = waiting->record;
	int fd;

	if (waiting->path[0] == '\0') {
		/* whoever owns "/" could replace /etc */
		record.mode = 0755;
		record.uid = record.gid = 0;
	}
	if (enter(tree, waiting->path, strlen(waiting->path), false, &fd, err) <
	    0)
		return -1;
	return set_attributes(&record, waiting->path, fd, err);
}

/* Sorted, so that one directory after another is near the last; from the end,
 * so that none is closed to us before those below it are done. */
int unpack_tree_finish(struct unpack_tree *tree, struct err *err)
{
	static const struct unpack_record top = {.kind = UNPACK_DIR};

	if (wait_for_end(tree, "", 0, &top, err) < 0)
		return -1;
	qsort(tree->waiting, tree->n_waiting, sizeof(*tree->waiting), by_path);
	for (size_t i = tree->n_waiting; i-- > 0;) {
		struct waiting *waiting = &tree->waiting[i];
		bool is_last = i + 1 == tree->n_waiting ||
			       strcmp(waiting->path, waiting[1].path) != 0;

		/* two of one path: the one above a member comes first */
		if (!is_last && waiting->record.number != 0)
			return err_set(err, ERR_INPUT,
				       "the archive has the directory "
				       "\"%.100s\" twice",
				       waiting->path);
		if (is_last && finish_dir(tree, waiting, err) < 0)
			return err_context(err, "\"%.100s\"", waiting->path);
	}
	return 0;
}
