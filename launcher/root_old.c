#include "root_old.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fdio.h"
#include "mount_calls.h"
#include "root_covered.h"
#include "root_namespace.h"
#include "root_overlay.h"
#include "root_place.h"
#include "root_proc.h"
#include "root_sources.h"
#include "root_target.h"

struct sources {
	const char *root, *persist; /* NULL: nowhere, or not wanted */
	int tree; /* a copy of the root's mount, and those below; or < 0 */
};

static void find_sources(const struct root_attempt *attempt,
			 struct sources *sources)
{
	root_sources_find(attempt->sources, attempt->view);
	*sources = (struct sources){.root = attempt->sources->root,
				    .persist = attempt->sources->persist,
				    .tree = -1};
}

static void free_sources(struct sources *sources)
{
	if (sources->tree >= 0)
		close(sources->tree);
}

static bool is_same(int a, int b)
{
	struct stat one, other;

	return fstat(a, &one) == 0 && fstat(b, &other) == 0 &&
	       one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

/*
 * What lies at a path, on a name in the working directory; it must be what is
 * open.  A descriptor of the new mount, or -errno.
 */
static int check_mount(const char *name, int opened)
{
	auto_close int fd = open(name, O_PATH | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	return is_same(fd, opened) ? take_fd(&fd) : -ESTALE;
}

static int bind_mount(const char *path, const char *name)
{
	int error = path ? mount_old(path, name, NULL, MS_BIND, NULL) : -EINVAL;

	return error < 0 ? error
			 : mount_old(NULL, name, NULL, MS_PRIVATE, NULL);
}

static int bind_checked(const char *path, int opened, const char *name)
{
	int error = bind_mount(path, name);

	return error < 0 ? error : check_mount(name, opened);
}

/* Before anything is mounted on "/", which would come along, too. */
static void copy_covered(const struct root_view *view, struct sources *sources)
{
	if (view->is_rootless && sources->root)
		sources->tree = root_covered_clone(sources->root);
}

static int bind_root(const struct root_attempt *attempt,
		     const struct sources *sources, const char *name)
{
	int root_fd = attempt->view->root_fd, error;

	if (sources->tree >= 0)
		error = mount_attach(sources->tree, AT_FDCWD, name);
	else
		error = bind_mount(sources->root, name);
	if (error == -EINVAL && attempt->view->is_rootless && sources->root)
		error = root_covered_bind(sources->root, name);
	return error < 0 ? error : check_mount(name, root_fd);
}

/* --- the base, which is the working directory */

static int make_base(struct root_attempt *attempt, const char *path)
{
	static const char *const names[] = {"root", "lower", "upper"};
	struct statfs fs;
	size_t i;
	int error = mount_old("tmpfs", path, "tmpfs",
			      MS_NOSUID | MS_NODEV | MS_NOEXEC,
			      "size=4096,nr_inodes=8,mode=0700");

	if (error < 0)
		return ROOT_FAIL(attempt, STEP_PLACE, error);
	/* "/" itself stays what it was; ".." is what was mounted on it. */
	attempt->base = open(strcmp(path, "/") == 0 ? "/.." : path,
			     O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (attempt->base < 0 || fchdir(attempt->base) < 0)
		return ROOT_FAIL(attempt, STEP_PLACE, -errno);
	if (fstatfs(attempt->base, &fs) < 0 || fs.f_type != TMPFS_MAGIC)
		return ROOT_FAIL(attempt, STEP_PLACE, -EINVAL);
	error = root_set_attached_private(attempt, ".");
	for (i = 0; error == 0 && i < sizeof(names) / sizeof(*names); i++)
		if (mkdir(names[i], 0700) < 0)
			error = ROOT_FAIL(attempt, STEP_PLACE, -errno);
	return error;
}

static int mount_upper(struct root_attempt *attempt,
		       const struct sources *sources)
{
	const struct root_view *view = attempt->view;
	const struct root_place whole = {.size = view->upper_size,
					 .mode = 0700,
					 .uid = view->uid,
					 .gid = view->gid};
	int error;

	if (view->persist_fd >= 0) {
		attempt->upper = bind_checked(sources->persist,
					      view->persist_fd, "upper");
		return attempt->upper < 0 ? attempt->upper : 0;
	}
	error = root_place_mount(&whole, "upper");
	if (error < 0)
		return error;
	attempt->upper = open("upper", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return attempt->upper < 0 ? -errno : 0;
}

#define OVERLAY "lowerdir=lower,upperdir=upper/upper,workdir=upper/work"

/* On "root", with the root as its lower layer. */
static int mount_overlay(struct root_attempt *attempt,
			 const struct sources *sources)
{
	auto_close int lower = bind_root(attempt, sources, "lower");
	auto_close int up = -1, work = -1;
	int error = lower < 0 ? lower : mount_upper(attempt, sources);

	if (error == 0)
		error = root_layers_make(attempt->upper, lower, &up, &work);
	if (error == 0)
		error = mount_old(
			"overlay", "root", "overlay", root_flags(attempt->view),
			attempt->view->is_rootless ? OVERLAY ",userxattr"
						   : OVERLAY);
	return error;
}

static int mount_root(struct root_attempt *attempt,
		      const struct sources *sources)
{
	int error;

	if (!attempt->view->is_writable) {
		attempt->root = bind_root(attempt, sources, "root");
		return ROOT_FAIL(attempt, STEP_COPY,
				 attempt->root < 0 ? attempt->root : 0);
	}
	error = ROOT_FAIL(attempt, STEP_OVERLAY,
			  mount_overlay(attempt, sources));
	if (error < 0)
		return error;
	attempt->root = open("root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return ROOT_FAIL(attempt, STEP_OVERLAY, attempt->root < 0 ? -errno : 0);
}

/* --- places in the root */

static int mount_bind(struct root_attempt *attempt,
		      const struct root_place *place, const char *name)
{
	auto_close int fd = bind_checked(place->source, place->source_fd, name);

	return ROOT_FAIL(attempt, STEP_BIND, fd < 0 ? fd : 0);
}

/* The shared devices have no path that would do; it gets its own. */
static int mount_devices(struct root_attempt *attempt,
			 const struct root_place *place, const char *name)
{
	int error =
		ROOT_FAIL(attempt, STEP_TMPFS, root_place_mount(place, name));
	auto_close int fd = -1;

	if (error < 0)
		return error;
	fd = open(name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	/* It becomes the working directory, for whom cannot make nodes. */
	return ROOT_FAIL(attempt, STEP_DEVICES,
			 fd < 0 || fchdir(fd) < 0
				 ? -errno
				 : root_place_fill(attempt, fd));
}

static int mount_tmpfs(struct root_attempt *attempt,
		       const struct root_place *place, const char *name)
{
	return ROOT_FAIL(attempt, STEP_TMPFS, root_place_mount(place, name));
}

static int mount_pts(struct root_attempt *attempt,
		     const struct root_place *place, const char *name)
{
	return ROOT_FAIL(attempt, STEP_PTS, root_pts_mount(place, name));
}

static int mount_proc(struct root_attempt *attempt,
		      const struct root_place *place, const char *name)
{
	return ROOT_FAIL(attempt, STEP_PROC,
			 root_proc_mount(attempt, place, name));
}

static int mount_place(struct root_attempt *attempt,
		       const struct root_place *place)
{
	static int (*const kinds[])(struct root_attempt *,
				    const struct root_place *, const char *) = {
		[PLACE_TMPFS] = mount_tmpfs,	 [PLACE_BIND] = mount_bind,
		[PLACE_DEVICES] = mount_devices, [PLACE_PTS] = mount_pts,
		[PLACE_PROC] = mount_proc,
	};
	auto_close int target = root_target_open(attempt->root, place);
	const char *name;
	struct stat st;
	int error;

	if (target < 0 || fstat(target, &st) < 0)
		return ROOT_FAIL(attempt, STEP_TARGET,
				 target < 0 ? target : -errno);
	/* mount(2) would follow it, out of the root too. */
	if (S_ISLNK(st.st_mode))
		return ROOT_FAIL(attempt, STEP_TARGET, -ELOOP);
	name = root_target_enter(attempt->root, place);
	if (!name)
		return ROOT_FAIL(attempt, STEP_TARGET, -errno);
	error = kinds[place->kind](attempt, place, name);
	return error < 0 ? error : root_finish_place(attempt, place);
}

static int mount_all(struct root_attempt *attempt,
		     const struct sources *sources)
{
	int error = mount_root(attempt, sources);
	size_t i;

	for (i = 0; error == 0 && i < attempt->view->n; i++)
		error = mount_place(attempt, &attempt->view->places[i]);
	if (error < 0 || attempt->view->is_writable)
		return error;
	if (fchdir(attempt->root) < 0)
		return ROOT_FAIL(attempt, STEP_FLAGS, -errno);
	return root_set_attached_flags(attempt, ".", root_flags(attempt->view));
}

/* --- in a namespace */

static int fill_namespace(struct root_attempt *attempt,
			  const struct sources *sources)
{
	int error = make_base(attempt, "/");

	if (error == 0)
		error = mount_all(attempt, sources);
	return error < 0 ? error : root_namespace_pivot(attempt);
}

int root_by_old_namespace(struct root_attempt *attempt)
{
	struct root_origin origin;
	struct sources sources;
	int error, restored = 0;

	root_origin_take(&origin);
	find_sources(attempt, &sources);
	error = root_namespace_enter(attempt, &origin);
	if (error == 0)
		copy_covered(attempt->view, &sources);
	if (error == 0)
		error = fill_namespace(attempt, &sources);
	/* Without root there is no other way to try. */
	if (error < 0 && !attempt->view->is_rootless)
		restored = root_namespace_leave(attempt, &origin);
	free_sources(&sources);
	root_origin_free(&origin);
	return restored < 0 ? restored : error;
}

/* --- below a process */

struct holder {
	pid_t pid;
	int fd; /* when it is closed, the process ends */
	char path[32]; /* its directory */
};

/*
 * Says what its number is in /proc, which may be of another pid namespace.
 * _exit() would tidy up a strange stack: the keeper's.
 */
static void be_holder(int fd)
{
	char number[16] = "";

	/* Else the end of this process tells. */
	if (readlink("/proc/self", number, sizeof(number) - 1) <= 0 ||
	    fd_write_full(fd, number, sizeof(number)) < 0)
		syscall(SYS_exit_group, 1);
	while (read(fd, number, 1) < 0 && errno == EINTR)
		continue;
	syscall(SYS_exit_group, 0);
}

static int start_holder(struct holder *holder)
{
	char number[16] = "";
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return -errno;
	holder->pid = fork();
	if (holder->pid == 0) {
		close(ends[1]);
		be_holder(ends[0]);
	}
	holder->fd = ends[1];
	close(ends[0]);
	if (holder->pid < 0)
		return -errno;
	if (fd_read_full(holder->fd, number, sizeof(number)) != sizeof(number))
		return -ENOENT;
	number[sizeof(number) - 1] = '\0';
	snprintf(holder->path, sizeof(holder->path), "/proc/%s", number);
	return 0;
}

static void end_holder(struct holder *holder)
{
	if (holder->fd >= 0)
		close(holder->fd);
	while (holder->pid > 0 && waitpid(holder->pid, NULL, 0) < 0 &&
	       errno == EINTR)
		continue;
}

static bool has_proc(void)
{
	struct statfs fs;

	return statfs("/proc", &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC;
}

/* It can no longer be unmounted, since it is mounted nowhere. */
static int check_detached(struct root_attempt *attempt)
{
	if (fchdir(attempt->base) < 0)
		return ROOT_FAIL(attempt, STEP_PLACE, -errno);
	return ROOT_FAIL(attempt, STEP_PLACE,
			 mount_detach(".") == -EINVAL ? 0 : -EBUSY);
}

/* And what was mounted in the root still is. */
static int check_places(struct root_attempt *attempt, const struct stat *roots)
{
	size_t i;

	for (i = 0; i < attempt->view->n; i++) {
		const struct root_place *place = &attempt->view->places[i];
		auto_close int fd = root_target_open(attempt->root, place);
		struct stat st = {0};

		if (fd < 0 || fstat(fd, &st) < 0)
			return ROOT_FAIL(attempt, STEP_TARGET, -EBUSY);
		if (place->kind != PLACE_BIND && st.st_dev == roots->st_dev)
			return ROOT_FAIL(attempt, STEP_ATTACH, -EBUSY);
	}
	return 0;
}

static int hold(struct root_attempt *attempt, const struct sources *sources)
{
	struct holder holder = {.fd = -1};
	struct stat st = {0};
	int error = ROOT_FAIL(attempt, STEP_PLACE, start_holder(&holder));

	if (error == 0)
		error = make_base(attempt, holder.path);
	if (error == 0)
		error = mount_all(attempt, sources);
	end_holder(&holder);
	if (error == 0)
		error = check_detached(attempt);
	if (error == 0 && fstat(attempt->root, &st) < 0)
		error = ROOT_FAIL(attempt, STEP_TARGET, -errno);
	return error < 0 ? error : check_places(attempt, &st);
}

int root_by_process(struct root_attempt *attempt)
{
	auto_close int here = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct sources sources;
	int error;

	if (!has_proc())
		return ROOT_FAIL(attempt, STEP_PLACE, -EOPNOTSUPP);
	find_sources(attempt, &sources);
	error = hold(attempt, &sources);
	free_sources(&sources);
	if (here < 0 || fchdir(here) < 0)
		return ROOT_FAIL(attempt, STEP_RESTORE, -EIO);
	return error;
}
