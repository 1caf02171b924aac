#include "root_mount.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "devices.h"
#include "layer.h"
#include "limit.h"
#include "mount_calls.h"
#include "private_dir.h"
#include "rootfd.h"

const char *const root_method_names[N_ROOT_METHODS] = {
	[ROOT_NONE] = "none",
	[ROOT_DETACHED] = "detached mounts",
	[ROOT_NAMESPACE] = "mount namespace",
	[ROOT_ATTACHED] = "mounts attached for a moment",
	[ROOT_CHROOT] = "chroot",
};

/* One method at work; what it holds is closed when it is over. */
struct attempt {
	const struct root_view *view;
	bool is_old; /* mount(2) */
	int base; /* what root, lower and upper hang on; -1: nothing */
	int root; /* the jail's "/" */
	int upper; /* layer of a writable root */
	int *mounts; /* of the places, until they are attached */
	bool has_late_flags, keeps_old_root;
	unsigned step; /* that failed */
};

#define FAIL(attempt, number, call)                                            \
	__extension__({                                                        \
		int error_ = (call);                                           \
		if (error_ < 0)                                                \
			(attempt)->step = (number);                            \
		error_;                                                        \
	})

static void fd_path(int fd, char path[32])
{
	snprintf(path, 32, "/proc/self/fd/%d", fd);
}

static void set_fd(int *place, int fd)
{
	if (*place >= 0)
		close(*place);
	*place = fd;
}

/* --- the flags of mounts */

static unsigned flags_of(const struct root_place *place)
{
	unsigned flags = MOUNT_ATTR_NOSUID;

	if (place->kind == PLACE_DEVICES)
		flags |= MOUNT_ATTR_NOEXEC;
	else
		flags |= MOUNT_ATTR_NODEV;
	return place->is_writable ? flags : flags | MOUNT_ATTR_RDONLY;
}

/*
 * For a mount that is nowhere yet: one in a detached tree cannot be changed.
 * Before mount_setattr() (5.12) it is the other way round.
 */
static int set_flags(struct attempt *attempt, int fd, unsigned flags)
{
	int error = mount_set(fd, flags);

	if (error != -ENOSYS)
		return FAIL(attempt, STEP_FLAGS, error);
	attempt->has_late_flags = true;
	return 0;
}

static int set_late_flags(struct attempt *attempt, int fd, unsigned flags)
{
	char path[32]; /* it may be a file */

	if (!attempt->is_old && !attempt->has_late_flags)
		return 0;
	fd_path(fd, path);
	return FAIL(attempt, STEP_FLAGS,
		    mount_old(NULL, path, NULL,
			      MS_REMOUNT | MS_BIND | (unsigned long)flags,
			      NULL));
}

/*
 * A copy of a mount that is shared is so, too, and what is mounted on it would
 * appear on the first, to stay there.  mount_set() has seen to it, if it could.
 */
static int set_private_late(struct attempt *attempt, int fd)
{
	char path[32];

	if (!attempt->is_old && !attempt->has_late_flags)
		return 0;
	fd_path(fd, path);
	return FAIL(attempt, STEP_PRIVATE,
		    mount_old(NULL, path, NULL, MS_PRIVATE, NULL));
}

/* --- mounts that are nowhere yet */

struct tmpfs_words {
	char size[32], inodes[32], mode[16], uid[16], gid[16];
};

static void tmpfs_words(const struct root_place *place,
			struct tmpfs_words *words)
{
	uint64_t pages = place->size / 4096;

	/* 0 would mean without bound; so would a file for each byte. */
	snprintf(words->size, sizeof(words->size), "%" PRIu64,
		 place->size == LIMIT_UNLIMITED ? 0 : place->size);
	snprintf(words->inodes, sizeof(words->inodes), "%" PRIu64,
		 place->size == LIMIT_UNLIMITED ? 0
		 : pages > 1024			? pages
						: 1024);
	snprintf(words->mode, sizeof(words->mode), "%o", place->mode);
	snprintf(words->uid, sizeof(words->uid), "%u", place->uid);
	snprintf(words->gid, sizeof(words->gid), "%u", place->gid);
}

static unsigned tmpfs_flags(const struct root_place *place)
{
	return MOUNT_ATTR_NOSUID |
	       (place->kind == PLACE_DEVICES ? MOUNT_ATTR_NOEXEC
					     : MOUNT_ATTR_NODEV);
}

static int make_tmpfs(const struct root_place *place)
{
	const bool is_roots = place->uid == 0 && place->gid == 0;
	struct tmpfs_words words;
	const struct mount_option options[] = {
		{"size", words.size}, {"nr_inodes", words.inodes},
		{"mode", words.mode}, {is_roots ? NULL : "uid", words.uid},
		{"gid", words.gid},   {NULL, NULL}};

	tmpfs_words(place, &words);
	return mount_make("tmpfs", options, tmpfs_flags(place));
}

/* The nodes, and directories for what is mounted below. */
static int fill_devices(const struct attempt *attempt, int dev_fd)
{
	const struct root_view *view = attempt->view;
	struct err ignored;
	size_t i;

	if (devices_fill(dev_fd, view->devices, &ignored) < 0)
		return ignored.sys ? -ignored.sys : -EINVAL;
	for (i = 0; i < view->n; i++) {
		const char *target = view->places[i].target;

		if (strncmp(target, "/dev/", 5) == 0 &&
		    !view->places[i].is_file && !strchr(target + 5, '/') &&
		    mkdirat(dev_fd, target + 5, 0755) < 0)
			return -errno;
	}
	return 0;
}

static int make_place(struct attempt *attempt, const struct root_place *place)
{
	bool is_copy = place->source_fd >= 0;
	auto_close int mount = is_copy ? mount_clone(place->source_fd, false)
				       : make_tmpfs(place);
	int error = 0;

	if (mount < 0)
		return FAIL(attempt, is_copy ? STEP_BIND : STEP_TMPFS, mount);
	if (place->kind == PLACE_DEVICES && !is_copy)
		error = FAIL(attempt, STEP_DEVICES,
			     fill_devices(attempt, mount));
	if (error == 0 && place->kind != PLACE_TMPFS)
		error = set_flags(attempt, mount, flags_of(place));
	return error < 0 ? error : take_fd(&mount);
}

/* The mount of the upper layer: a tmpfs, or the directory that was given. */
static int make_upper(struct attempt *attempt)
{
	const struct root_view *view = attempt->view;
	const struct root_place whole = {.size = view->upper_size,
					 .mode = 0700};

	if (!view->is_writable)
		return 0;
	attempt->upper = view->persist_fd >= 0
				 ? mount_clone(view->persist_fd, false)
				 : make_tmpfs(&whole);
	return FAIL(attempt, STEP_OVERLAY,
		    attempt->upper < 0 ? attempt->upper : 0);
}

static unsigned root_flags(const struct root_view *view)
{
	unsigned flags = MOUNT_ATTR_NOSUID;

	if (view->has_no_nodes)
		flags |= MOUNT_ATTR_NODEV;
	return view->is_writable || view->is_own_tree
		       ? flags
		       : flags | MOUNT_ATTR_RDONLY;
}

/*
 * A mount that is detached already, and ours alone, cannot be copied before
 * Linux 6.15, and need not be.
 */
static int copy_root(struct attempt *attempt)
{
	int fd = mount_clone(attempt->view->root_fd, false);

	if (fd == -EINVAL)
		fd = fcntl(attempt->view->root_fd, F_DUPFD_CLOEXEC, 3);
	if (fd < 0)
		return FAIL(attempt, STEP_COPY, fd);
	attempt->root = fd;
	return set_flags(attempt, fd, root_flags(attempt->view));
}

/* All of it, as long as we are where the sources are. */
static int make_mounts(struct attempt *attempt)
{
	int error = copy_root(attempt);
	size_t i;

	if (error == 0)
		error = make_upper(attempt);
	for (i = 0; error == 0 && i < attempt->view->n; i++) {
		attempt->mounts[i] =
			make_place(attempt, &attempt->view->places[i]);
		if (attempt->mounts[i] < 0)
			error = attempt->mounts[i];
	}
	return error;
}

/* --- places in the root */

static int make_directory(int root, char *path)
{
	char *slash = strrchr(path, '/');
	auto_close int parent = -1;
	int error = 0;

	*slash = '\0';
	parent = root_open_nolinks(root, slash == path ? "/" : path,
				   O_PATH | O_DIRECTORY, 0);
	if (parent == -ENOENT) {
		error = make_directory(root, path);
		if (error == 0)
			parent = root_open_nolinks(root, path,
						   O_PATH | O_DIRECTORY, 0);
	}
	*slash = '/';
	if (error < 0 || parent < 0)
		return error < 0 ? error : parent;
	if (mkdirat(parent, slash + 1, 0755) < 0 && errno != EEXIST)
		return -errno;
	return 0;
}

/* A file to mount another on. */
static int make_file(int root, char *path)
{
	int fd = root_open_nolinks(root, path, O_WRONLY | O_CREAT | O_EXCL,
				   0644);
	char *slash = strrchr(path, '/');

	if (fd == -ENOENT && slash != path) {
		int error;

		*slash = '\0';
		error = make_directory(root, path);
		*slash = '/';
		if (error < 0)
			return error;
		fd = root_open_nolinks(root, path, O_WRONLY | O_CREAT | O_EXCL,
				       0644);
	}
	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

/* No link on the way is followed: the image does not say what lies where. */
static int open_target(int root, const struct root_place *place)
{
	int flags = O_PATH | (place->is_file ? O_NOFOLLOW : O_DIRECTORY);
	int fd = root_open_nolinks(root, place->target, flags, 0), error;
	auto_free char *path = NULL;

	if (fd != -ENOENT)
		return fd;
	path = strdup(place->target);
	if (!path)
		return -ENOMEM;
	error = place->is_file ? make_file(root, path)
			       : make_directory(root, path);
	return error < 0 ? error
			 : root_open_nolinks(root, place->target, flags, 0);
}

static int attach_old(const struct root_place *place, int target)
{
	struct tmpfs_words words;
	char data[160], source[32];

	if (place->source_fd >= 0) {
		char name[32];

		fd_path(place->source_fd, source);
		fd_path(target, name);
		return mount_old(source, name, NULL, MS_BIND, NULL);
	}
	tmpfs_words(place, &words);
	snprintf(data, sizeof(data),
		 "size=%s,nr_inodes=%s,mode=%s,uid=%s,gid=%s", words.size,
		 words.inodes, words.mode, words.uid, words.gid);
	fd_path(target, source);
	return mount_old("tmpfs", source, "tmpfs", tmpfs_flags(place), data);
}

static int attach_place(struct attempt *attempt, size_t i)
{
	const struct root_place *place = &attempt->view->places[i];
	auto_close int target = open_target(attempt->root, place);
	int error;

	if (target < 0)
		return FAIL(attempt, STEP_TARGET, target);
	if (!attempt->is_old)
		return FAIL(attempt, STEP_ATTACH,
			    mount_attach(attempt->mounts[i], target, ""));
	error = FAIL(attempt, STEP_ATTACH, attach_old(place, target));
	if (error < 0)
		return error;
	attempt->mounts[i] = open_target(attempt->root, place);
	if (attempt->mounts[i] < 0)
		return FAIL(attempt, STEP_TARGET, attempt->mounts[i]);
	if (place->kind == PLACE_DEVICES && place->source_fd < 0)
		return FAIL(attempt, STEP_DEVICES,
			    fill_devices(attempt, attempt->mounts[i]));
	return 0;
}

static int attach_places(struct attempt *attempt)
{
	int error = set_private_late(attempt, attempt->root);
	size_t i;

	for (i = 0; error == 0 && i < attempt->view->n; i++) {
		const struct root_place *place = &attempt->view->places[i];

		error = attach_place(attempt, i);
		if (error == 0)
			error = set_private_late(attempt, attempt->mounts[i]);
		if (error == 0 && place->kind != PLACE_TMPFS)
			error = set_late_flags(attempt, attempt->mounts[i],
					       flags_of(place));
	}
	if (error == 0 && !attempt->view->is_writable)
		error = set_late_flags(attempt, attempt->root,
				       root_flags(attempt->view));
	return error;
}

/* --- a writable root */

/* Its upper directory stands for "/": owner and mode are those of the root. */
static int make_layers(int upper, int lower, int *up, int *work)
{
	struct stat st;

	if (fstat(lower, &st) < 0)
		return -errno;
	if ((mkdirat(upper, "upper", 0700) < 0 && errno != EEXIST) ||
	    (mkdirat(upper, "work", 0700) < 0 && errno != EEXIST))
		return -errno;
	*up = openat(upper, "upper",
		     O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	*work = openat(upper, "work",
		       O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (*up < 0 || *work < 0 || fchown(*up, st.st_uid, st.st_gid) < 0 ||
	    fchmod(*up, st.st_mode & 07777) < 0)
		return -errno;
	return 0;
}

static int make_overlay(int lower, int upper, unsigned flags)
{
	auto_close int up = -1, work = -1;
	char lower_path[32], up_path[32], work_path[32];
	const struct mount_option options[] = {{"lowerdir", lower_path},
					       {"upperdir", up_path},
					       {"workdir", work_path},
					       {NULL, NULL}};
	int error = make_layers(upper, lower, &up, &work);

	if (error < 0)
		return error;
	fd_path(lower, lower_path);
	fd_path(up, up_path);
	fd_path(work, work_path);
	return mount_make("overlay", options, flags);
}

/* The root becomes the lower layer of one that can be written. */
static int cover_root(struct attempt *attempt)
{
	int overlay = 0;

	if (!attempt->view->is_writable)
		return 0;
	if (attempt->base >= 0)
		overlay = mount_attach(attempt->upper, attempt->base, "upper");
	if (attempt->base >= 0 && overlay == 0)
		overlay = mount_attach(attempt->root, attempt->base, "lower");
	if (overlay == 0)
		overlay = make_overlay(attempt->root, attempt->upper,
				       root_flags(attempt->view));
	if (overlay < 0)
		return FAIL(attempt, STEP_OVERLAY, overlay);
	set_fd(&attempt->root, overlay);
	return 0;
}

/* --- the methods */

/*
 * What the namespace's own root will be: an empty place.  The jail's root is
 * mounted in it, and entered by chroot(): a process whose root is not that of
 * its namespace can make no user namespace, and one that leaves the chroot
 * finds nothing.
 */
static int make_base(struct attempt *attempt)
{
	static const char *const names[] = {"root", "lower", "upper"};
	const struct mount_option options[] = {{"size", "4096"},
					       {"nr_inodes", "8"},
					       {"mode", "0700"},
					       {NULL, NULL}};
	size_t i;

	attempt->base = mount_make("tmpfs", options,
				   MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
					   MOUNT_ATTR_NOEXEC);
	if (attempt->base < 0)
		return FAIL(attempt, STEP_TMPFS, attempt->base);
	for (i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (mkdirat(attempt->base, names[i], 0700) < 0)
			return FAIL(attempt, STEP_TMPFS, -errno);
	return 0;
}

/* From the first step to the last, in the new namespace. */
static int fill_namespace(struct attempt *attempt)
{
	int error = FAIL(attempt, STEP_PRIVATE,
			 mount_old(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));

	if (error == 0)
		error = FAIL(attempt, STEP_ATTACH,
			     mount_attach(attempt->base, AT_FDCWD, "/"));
	if (error == 0)
		error = cover_root(attempt);
	if (error == 0)
		error = FAIL(
			attempt, STEP_ATTACH,
			mount_attach(attempt->root, attempt->base, "root"));
	if (error == 0)
		error = attach_places(attempt);
	if (error < 0)
		return error;
	/* Where "/" is the kernel's first root, or a chroot, it has to stay. */
	if (fchdir(attempt->base) < 0 || mount_pivot(".", ".") < 0)
		attempt->keeps_old_root = true;
	else if (mount_detach(".") < 0)
		return FAIL(attempt, STEP_NAMESPACE, -errno);
	return 0;
}

struct old_place {
	int namespace_fd, root, here;
};

/* Back in the namespace we came from, as if nothing had been tried. */
static int leave_namespace(struct attempt *attempt, const struct old_place *old)
{
	if (old->namespace_fd < 0 || setns(old->namespace_fd, 0) < 0 ||
	    fchdir(old->root) < 0 || chroot(".") < 0 || fchdir(old->here) < 0)
		return FAIL(attempt, STEP_RESTORE, -EIO);
	return 0;
}

static int by_namespace(struct attempt *attempt)
{
	auto_close int namespace_fd =
		open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	auto_close int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	auto_close int here = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	const struct old_place old = {namespace_fd, root, here};
	int error = make_mounts(attempt), restored;

	if (error == 0)
		error = make_base(attempt);
	if (error == 0 && unshare(CLONE_NEWNS) < 0)
		error = FAIL(attempt, STEP_NAMESPACE, -errno);
	if (error < 0)
		return error;
	error = fill_namespace(attempt);
	if (error == 0)
		return 0;
	restored = leave_namespace(attempt, &old);
	return restored < 0 ? restored : error;
}

static int by_detached(struct attempt *attempt)
{
	int error = make_mounts(attempt);

	if (error == 0)
		error = cover_root(attempt);
	return error < 0 ? error : attach_places(attempt);
}

static int bind_root(struct attempt *attempt, int dir)
{
	char source[32], target[64];
	int fd;

	if (mkdirat(dir, "root", 0700) < 0)
		return FAIL(attempt, STEP_PLACE, -errno);
	fd_path(attempt->view->root_fd, source);
	snprintf(target, sizeof(target), "/proc/self/fd/%d/root", dir);
	fd = mount_old(source, target, NULL, MS_BIND, NULL);
	if (fd < 0)
		return FAIL(attempt, STEP_ATTACH, fd);
	fd = openat(dir, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	attempt->root = fd;
	return FAIL(attempt, STEP_PLACE, fd < 0 ? -errno : 0);
}

/* A jail that had its mounts in the tree would leave them when it is killed. */
static int by_attached(struct attempt *attempt)
{
	auto_of(private_dir) struct private_dir *dir = NULL;
	struct err ignored;
	int error, tree;

	attempt->is_old = true;
	if (attempt->view->is_writable)
		return FAIL(attempt, STEP_OVERLAY, -EOPNOTSUPP);
	if (private_dir_make(&dir, &ignored) < 0)
		return FAIL(attempt, STEP_PLACE,
			    ignored.sys ? -ignored.sys : -EPERM);
	error = bind_root(attempt, private_dir_fd(dir));
	if (error == 0)
		error = attach_places(attempt);
	if (error < 0)
		return error;
	tree = mount_clone(attempt->root, true);
	if (tree < 0)
		return FAIL(attempt, STEP_COPY, tree);
	set_fd(&attempt->root, tree);
	if (private_dir_remove(dir, &ignored) < 0)
		return FAIL(attempt, STEP_PLACE, -EBUSY);
	return 0;
}

/* The last resort. */
static int by_chroot(struct attempt *attempt)
{
	attempt->root = fcntl(attempt->view->root_fd, F_DUPFD_CLOEXEC, 3);
	return FAIL(attempt, STEP_ENTER, attempt->root < 0 ? -errno : 0);
}

static const struct method {
	enum root_method method;
	bool has_mounts;
	int (*make)(struct attempt *attempt);
} methods[] = {
	{ROOT_DETACHED, true, by_detached}, /* a copy of no namespace */
	{ROOT_NAMESPACE, true, by_namespace}, /* nothing of the host is left */
	{ROOT_ATTACHED, true, by_attached}, /* for a moment all can see it */
	{ROOT_CHROOT, false, by_chroot}, /* nothing is bounded */
};

static int try_method(const struct method *method, const struct root_view *view,
		      struct attempt *attempt)
{
	size_t i;
	int error;

	*attempt = (struct attempt){
		.view = view, .base = -1, .root = -1, .upper = -1};
	attempt->mounts = calloc(view->n + 1, sizeof(*attempt->mounts));
	if (!attempt->mounts)
		return FAIL(attempt, STEP_COPY, -ENOMEM);
	for (i = 0; i < view->n; i++)
		attempt->mounts[i] = -1;
	error = method->make(attempt);
	for (i = 0; i < view->n; i++)
		set_fd(&attempt->mounts[i], -1);
	free(attempt->mounts);
	set_fd(&attempt->base, -1);
	set_fd(&attempt->upper, -1);
	if (error < 0)
		set_fd(&attempt->root, -1);
	return error;
}

int root_mount(const struct root_view *view, struct root_choice *choice,
	       int *tree)
{
	int failure = 0; /* of the first method: it is the one to mend */
	size_t i;

	for (i = 0; i < sizeof(methods) / sizeof(*methods); i++) {
		const struct method *method = &methods[i];
		struct attempt attempt;
		int error;

		if (method->has_mounts ? !view->has_mounts : !view->may_chroot)
			continue;
		error = try_method(method, view, &attempt);
		if (error == 0) {
			*tree = attempt.root;
			choice->used = method->method;
			choice->keeps_old_root = attempt.keeps_old_root;
			return 0;
		}
		choice->passed[method->method].step = attempt.step;
		choice->passed[method->method].error = -error;
		if (failure == 0 || !mount_is_missing(-error))
			failure = layer_failed(attempt.step, -error);
		if (!mount_is_missing(-error))
			break;
	}
	return failure;
}
