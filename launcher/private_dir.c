/*
 * Two processes: the owner, and a guard that waits on a pipe, as privileged as
 * its owner.  A byte means that the owner did the work; end-of-file means that
 * it is dead.
 */
#include "private_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "close_fds.h"
#include "held_signals.h"
#include "mount_calls.h"
#include "unpack.h"

/* How long the guard waits for the jail to be dead, in steps of 10 ms. */
#define GUARD_TRIES 3000

struct private_dir {
	int base_fd, fd;
	char name[24]; /* in base_fd */
	/* The guard may have been killed: then none but us would remove it. */
	struct held_signals held;
	pid_t guard;
	int guard_fd;
};

/*
 * What is below a mount is not ours to remove.
 */
static int remove_at(int base_fd, int fd, const char *name)
{
	int error;

	do
		error = mount_detach_at(fd, PRIVATE_MOUNT);
	while (error == 0);
	/* EPERM: who may not unmount did not mount. */
	if (error != -EINVAL && error != -ENOENT && error != -EPERM)
		return error;
	error = unpack_remove(fd);
	if (error < 0)
		return error;
	return unlinkat(base_fd, name, AT_REMOVEDIR) < 0 ? -errno : 0;
}

/* Best effort: what cannot be removed now is met again by the next launch. */
static void remove_stale(int base_fd)
{
	int copy = fcntl(base_fd, F_DUPFD_CLOEXEC, 0);
	auto_closedir DIR *dir = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		auto_close int fd = -1;

		if (strncmp(entry->d_name, "run-", 4) != 0)
			continue;
		fd = openat(base_fd, entry->d_name,
			    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
			remove_at(base_fd, fd, entry->d_name);
	}
}

static int choose_name(struct private_dir *dir, struct err *err)
{
	uint64_t number;

	if (getrandom(&number, sizeof(number), 0) != sizeof(number))
		return err_sys(err, errno, "random name");
	snprintf(dir->name, sizeof(dir->name), "run-%016jx", (uintmax_t)number);
	return 0;
}

static int open_run(int base_fd, const char *name)
{
	return openat(base_fd, name,
		      O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static int remove_run(int base_fd, const char *name)
{
	auto_close int fd = open_run(base_fd, name);

	if (fd >= 0)
		return remove_at(base_fd, fd, name);
	return errno == ENOENT ? 0 : -errno;
}

/* The base is locked, so that nobody takes ours for stale before its lock. */
static int make_locked(struct private_dir *dir, struct err *err)
{
	if (flock(dir->base_fd, LOCK_EX) < 0)
		return err_sys(err, errno, "lock");
	remove_stale(dir->base_fd);
	if (mkdirat(dir->base_fd, dir->name, 0755) < 0)
		return err_sys(err, errno, "make a directory for the image");
	dir->fd = open_run(dir->base_fd, dir->name);
	if (dir->fd < 0 || flock(dir->fd, LOCK_EX | LOCK_NB) < 0)
		return err_sys(err, errno, "lock a directory for the image");
	flock(dir->base_fd, LOCK_UN);
	return 0;
}

/* Another may still be ending the jail, which may still be making files. */
static void remove_patiently(int base_fd, const char *name)
{
	const struct timespec step = {.tv_nsec = 10000000};
	int i;

	for (i = 0; i < GUARD_TRIES && remove_run(base_fd, name) != 0; i++)
		nanosleep(&step, NULL);
}

/*
 * Gives up all descriptors but these two, which become 0 and 1; or none, if
 * that fails: then the guard works with those that it was born with.
 */
static void keep_only(int *base_fd, int *pipe_fd)
{
	if (dup2(*base_fd, 0) < 0 || dup2(*pipe_fd, 1) < 0)
		return;
	*base_fd = 0;
	*pipe_fd = 1;
	close_fds_but(2, NULL, 0);
}

/* Keeps no descriptor of the caller's. */
static void guard(const struct private_dir *dir, int pipe_fd)
{
	int base_fd = dir->base_fd;
	ssize_t n;
	char byte;

	setpgid(0, 0);
	prctl(PR_SET_NAME, "jail-guard", 0, 0, 0);
	keep_only(&base_fd, &pipe_fd);
	while ((n = read(pipe_fd, &byte, 1)) < 0 && errno == EINTR)
		continue;
	if (n != 1)
		remove_patiently(base_fd, dir->name);
	_exit(0);
}

/*
 * As fork(), of a process whose end is no signal: whoever looks for children
 * does not find it, unless he asks for such ones.  So it survives when the
 * supervisor, whose keeper was killed, ends all that it finds below itself.
 */
static pid_t fork_hidden(void)
{
	return (pid_t)syscall(SYS_clone, 0, 0, 0, 0, 0);
}

/* Before there is anything to guard, so that there is no moment without. */
static int start_guard(struct private_dir *dir, struct err *err)
{
	sigset_t all, old;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(err, errno, "make a pipe");
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &old);
	dir->guard = fork_hidden();
	if (dir->guard == 0) {
		close(ends[1]);
		guard(dir, ends[0]);
	}
	sigprocmask(SIG_SETMASK, &old, NULL);
	close(ends[0]);
	dir->guard_fd = ends[1];
	return dir->guard < 0 ? err_sys(err, errno, "start the guard") : 0;
}

int private_dir_make(struct unpack_places *places, struct private_dir **out,
		     struct err *err)
{
	auto_of(private_dir) struct private_dir *dir = calloc(1, sizeof(*dir));

	if (!dir)
		return err_sys(err, ENOMEM, "private directory");
	dir->fd = dir->guard_fd = dir->held.fd = -1;
	dir->base_fd = unpack_place_open(places, err);
	if (dir->base_fd < 0 || choose_name(dir, err) < 0 ||
	    held_signals_take(&dir->held, err) < 0 ||
	    start_guard(dir, err) < 0 || make_locked(dir, err) < 0)
		return -1;
	*out = TAKE(dir);
	return 0;
}

int private_dir_fd(const struct private_dir *dir)
{
	return dir->fd;
}

const struct held_signals *private_dir_held(const struct private_dir *dir)
{
	return &dir->held;
}

static void dismiss_guard(struct private_dir *dir)
{
	const struct timespec at_once = {0};
	sigset_t pipe_signal;
	ssize_t n;

	if (dir->guard <= 0)
		return;
	/* If it was killed there is nobody to tell, and a SIGPIPE to take. */
	sigemptyset(&pipe_signal);
	sigaddset(&pipe_signal, SIGPIPE);
	sigprocmask(SIG_BLOCK, &pipe_signal, NULL);
	while ((n = write(dir->guard_fd, "", 1)) < 0 && errno == EINTR)
		continue;
	if (n < 0)
		sigtimedwait(&pipe_signal, NULL, &at_once);
	/* The end is a word, too: the guard will find nothing to remove. */
	close(take_fd(&dir->guard_fd));
	while (waitpid(dir->guard, NULL, __WALL) < 0 && errno == EINTR)
		continue;
	dir->guard = 0;
}

int private_dir_remove(struct private_dir *dir, struct err *err)
{
	int error = *dir->name ? remove_run(dir->base_fd, dir->name) : 0;

	*dir->name = '\0'; /* once is enough */
	if (error == 0) {
		dismiss_guard(dir);
		return 0;
	}
	/* The guard, which takes our end for our death, goes on trying. */
	if (dir->guard_fd >= 0)
		close(take_fd(&dir->guard_fd));
	return err_sys(err, -error, "remove the unpacked image");
}

void private_dir_free(struct private_dir *dir)
{
	struct err ignored;

	if (!dir)
		return;
	private_dir_remove(dir, &ignored);
	if (dir->guard_fd >= 0)
		close(dir->guard_fd);
	if (dir->fd >= 0)
		close(dir->fd);
	if (dir->base_fd >= 0)
		close(dir->base_fd);
	held_signals_let_go(&dir->held);
	free(dir);
}
