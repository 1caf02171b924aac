#include "own_uid.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "host_uids.h"
#include "own_dir.h"

/* A process of the uid may kill the one that is to kill it. */
#define STROKES 50
/* How long those that a killed launcher left may take to die, x 10 ms. */
#define PATIENCE 200

/* In order; the second is for machines without /run. */
static const char *const places[] = {
	"/run/jailwright",
	"/var/lib/jailwright",
	NULL,
};

static int open_locks(struct err *err)
{
	auto_close int base = -1;
	size_t i;
	int fd;

	for (i = 0; base < 0 && places[i]; i++) {
		*err = (struct err){0};
		base = own_dir_open(AT_FDCWD, places[i], err);
		if (base < 0 && err->sys != ENOENT && err->sys != EROFS)
			break;
	}
	fd = base < 0 ? -1 : own_dir_open(base, "uids", err);
	return fd < 0 ? err_context(err, "--uid-pool") : fd;
}

/* Dead ones count until they are reaped. */
static bool is_any_there(uid_t uid)
{
	return syscall(SYS_getpriority, PRIO_USER, uid) >= 0 || errno != ESRCH;
}

static void name_file(uid_t uid, char name[12])
{
	snprintf(name, 12, "%u", (unsigned)uid);
}

/*
 * 1: locked, and st is what it was found as; 0: locked by another; -1.  What
 * was removed between opening and locking may be another's by name.
 */
static int lock(struct own_uid *own, struct stat *st, struct err *err)
{
	char name[12];
	int fd;

	name_file(own->uid, name);
	for (;;) {
		fd = openat(own->fds[UID_LOCKS], name,
			    O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (fd < 0)
			return err_sys(err, errno, "--uid-pool: lock uid %s",
				       name);
		own->fds[UID_LOCK] = fd;
		if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
			if (errno == EWOULDBLOCK)
				return 0;
			return err_sys(err, errno, "--uid-pool: lock uid %s",
				       name);
		}
		if (fstat(fd, st) < 0)
			return err_sys(err, errno, "--uid-pool: lock uid %s",
				       name);
		if (st->st_nlink > 0)
			return 1;
		close(fd);
		own->fds[UID_LOCK] = -1;
	}
}

static void end_leftovers(struct own_uid *own)
{
	const struct timespec step = {.tv_nsec = 10000000};
	struct ipc_swept unsaid = {0};
	int i;

	for (i = 0; i < PATIENCE && is_any_there(own->uid); i++) {
		own_uid_kill(own);
		if (is_any_there(own->uid))
			nanosleep(&step, NULL);
	}
	if (!is_any_there(own->uid))
		own_uid_sweep(own, &unsaid);
}

/* 1: it is ours; 0: somebody has it; -1. */
static int try_uid(struct own_uid *own, uid_t uid, struct err *err)
{
	struct stat st;
	char mark[24];
	int done, len;

	own->uid = uid;
	done = lock(own, &st, err);
	if (done != 1)
		return done;
	own->is_unclean = false;
	if (st.st_size > 0)
		end_leftovers(own);
	if (is_any_there(uid) || own->is_unclean) {
		if (st.st_size == 0)
			own_uid_forget(own);
		return 0;
	}
	len = snprintf(mark, sizeof(mark), "%d\n", (int)getpid());
	if (pwrite(own->fds[UID_LOCK], mark, (size_t)len, 0) == len)
		return 1;
	err_sys(err, errno, "--uid-pool: mark uid %u", uid);
	own_uid_forget(own);
	return -1;
}

static void let_go(struct own_uid *own)
{
	if (own->fds[UID_LOCK] >= 0)
		close(own->fds[UID_LOCK]);
	own->fds[UID_LOCK] = -1;
}

/* From a random one on: numbers that were just in use have a rest. */
static int find_free(struct own_uid *own, struct err *err)
{
	const struct uid_range *range = &own->range;
	uint64_t n = (uint64_t)range->last - range->first + 1, i, start;
	int done;

	if (getrandom(&start, sizeof(start), 0) != sizeof(start))
		return err_sys(err, errno, "random number");
	for (i = 0; i < n; i++) {
		uid_t uid = range->first + (uid_t)((start % n + i) % n);

		done = try_uid(own, uid, err);
		if (done == 1)
			return 0;
		let_go(own);
		if (done < 0)
			return -1;
	}
	return err_set(err, ERR_HOST,
		       "--uid-pool %u-%u: all %llu uids are in use, by running "
		       "jails or other processes, or have IPC objects that "
		       "cannot be removed; give it a larger range",
		       range->first, range->last, (unsigned long long)n);
}

static struct own_uid *own_uid_new(const struct uid_range *range)
{
	struct own_uid *own = calloc(1, sizeof(*own));

	if (!own)
		return NULL;
	own->range = *range;
	own->fds[UID_LOCK] = own->fds[UID_LOCKS] = -1;
	own->ipc = IPC_PLACES_NONE;
	return own;
}

int own_uid_take(const struct uid_range *range, int root_fd,
		 struct own_uid **out, struct err *err)
{
	auto_of(own_uid) struct own_uid *own = own_uid_new(range);
	auto_close int top = -1;

	if (!own)
		return err_sys(err, ENOMEM, "--uid-pool");
	if (geteuid() != 0)
		return err_set(err, ERR_HOST,
			       "--uid-pool: only root may give jails other "
			       "uids, and we run as uid %u",
			       (unsigned)geteuid());
	top = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (top < 0)
		return err_sys(err, errno, "open /");
	if (host_uids_check(top, range, err) < 0)
		return -1;
	own->fds[UID_LOCKS] = open_locks(err);
	if (own->fds[UID_LOCKS] < 0 ||
	    ipc_places_open(top, root_fd, &own->ipc, err) < 0 ||
	    find_free(own, err) < 0)
		return -1;
	*out = TAKE(own);
	return 0;
}

/*
 * In a process of its own.  Its ids are all the uid's: with another real id it
 * would be out of the jail's reach, but kill processes of that one, too.
 */
static __attribute__((noreturn)) void strike(uid_t uid)
{
	if (syscall(SYS_setresuid, uid, uid, uid) == 0)
		kill(-1, SIGKILL);
	for (;;)
		syscall(SYS_exit_group, 0);
}

void own_uid_kill(const struct own_uid *own)
{
	int status = 0, i;

	for (i = 0; own && i < STROKES && is_any_there(own->uid); i++) {
		/* fork(), without what a C library does beside */
		long pid = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);

		if (pid == 0)
			strike(own->uid);
		while (pid > 0 && waitpid((pid_t)pid, &status, 0) < 0)
			if (errno == ECHILD)
				return;
		if (pid < 0 || WIFEXITED(status))
			return;
	}
}

void own_uid_sweep(struct own_uid *own, struct ipc_swept *swept)
{
	if (!own)
		return;
	swept->system_v_error = 0;
	ipc_sweep(&own->ipc, own->uid, swept);
	own->is_unclean = swept->system_v_error != 0;
}

void own_uid_forget(const struct own_uid *own)
{
	struct stat st;
	char name[12];

	/* Where it was done before the name may be another's. */
	if (!own || own->is_unclean || own->fds[UID_LOCK] < 0 ||
	    fstat(own->fds[UID_LOCK], &st) < 0 || st.st_nlink == 0)
		return;
	name_file(own->uid, name);
	unlinkat(own->fds[UID_LOCKS], name, 0);
}

size_t own_uid_fds(const struct own_uid *own, int *out)
{
	const int *ipc = own ? own->ipc.fds : NULL;
	size_t i, n = 0;

	for (i = 0; own && i < UID_FDS; i++) {
		int fd = i < UID_LOCK_FDS ? own->fds[i] : ipc[i - UID_LOCK_FDS];

		if (fd >= 0)
			out[n++] = fd;
	}
	return n;
}

void own_uid_free(struct own_uid *own)
{
	size_t i;

	if (!own)
		return;
	own_uid_forget(own);
	for (i = 0; i < UID_LOCK_FDS; i++)
		if (own->fds[i] >= 0)
			close(own->fds[i]);
	ipc_places_close(&own->ipc);
	free(own);
}
