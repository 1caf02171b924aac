/*
 * The launcher (with its privileges) starts jail-unpack with two descriptors,
 * the image and a pipe, and no environment.  Through the pipe come records,
 * which unpack_receive() judges and obeys.  Whatever happens, jail-unpack is
 * dead and reaped at the end.
 */
#include "unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "cleanup.h"
#include "unpack_check.h"
#include "unpack_receive.h"
#include "unpack_record.h"

#define PIPE_SIZE (1 << 20)

/*
 * A directory that is already removed: nothing is in it and nothing can be
 * made in it.  jail-unpack makes it its root.
 */
static int open_nowhere(int dir_fd, struct err *err)
{
	char name[40];
	int fd;

	/* others may be at work in the same directory */
	snprintf(name, sizeof(name), UNPACK_NOWHERE "%ld", (long)getpid());
	if (mkdirat(dir_fd, name, 0700) < 0)
		return err_sys(err, errno, "mkdir");
	fd = openat(dir_fd, name,
		    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		err_sys(err, errno, "open");
	if (unlinkat(dir_fd, name, AT_REMOVEDIR) < 0 && fd >= 0) {
		err_sys(err, errno, "rmdir");
		close(fd);
		return -1;
	}
	return fd;
}

/* A pipe whose ends are not in the way of the child's descriptors 0 to 2. */
static int make_pipe(int *read_fd, int *write_fd, struct err *err)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(err, errno, "pipe");
	*read_fd = ends[0];
	*write_fd = fcntl(ends[1], F_DUPFD_CLOEXEC, 3);
	close(ends[1]);
	if (*write_fd < 0)
		return err_sys(err, errno, "dup");
	/* larger is faster, but a user's allowance may be used up */
	(void)fcntl(*read_fd, F_SETPIPE_SZ, PIPE_SIZE);
	return 0;
}

static int add_actions(posix_spawn_file_actions_t *actions, int image_fd,
		       int write_fd, int nowhere_fd)
{
	int sys = posix_spawn_file_actions_addfchdir_np(actions, nowhere_fd);

	if (!sys)
		sys = posix_spawn_file_actions_adddup2(actions, image_fd, 0);
	if (!sys)
		sys = posix_spawn_file_actions_adddup2(actions, write_fd, 1);
	if (!sys)
		sys = posix_spawn_file_actions_addclose(actions, 2);
	return sys;
}

/* No signal blocked, ignored or caught. */
static int set_signals(posix_spawnattr_t *attributes)
{
	sigset_t all, none;
	int sys;

	sigfillset(&all);
	sigemptyset(&none);
	sys = posix_spawnattr_setsigdefault(attributes, &all);
	if (!sys)
		sys = posix_spawnattr_setsigmask(attributes, &none);
	if (!sys)
		sys = posix_spawnattr_setflags(attributes,
					       POSIX_SPAWN_SETSIGDEF |
						       POSIX_SPAWN_SETSIGMASK);
	return sys;
}

/* posix_spawn() clones like vfork() and blocks all signals meanwhile. */
static int spawn(const char *path, const struct unpack_job *job, int image_fd,
		 int write_fd, int nowhere_fd, pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	char name[] = "jail-unpack", limit[16], plain[] = UNPACK_PLAIN;
	char *argv[] = {name, limit, job->is_plain ? plain : NULL, NULL};
	char *environment[] = {NULL};
	int sys;

	snprintf(limit, sizeof(limit), "%u", job->limits.seconds);
	sys = posix_spawn_file_actions_init(&actions);
	if (sys)
		return sys;
	sys = posix_spawnattr_init(&attributes);
	if (sys) {
		posix_spawn_file_actions_destroy(&actions);
		return sys;
	}
	sys = add_actions(&actions, image_fd, write_fd, nowhere_fd);
	if (!sys)
		sys = set_signals(&attributes);
	if (!sys)
		sys = posix_spawn(pid, path, &actions, &attributes, argv,
				  environment);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return sys;
}

static int start_helper(const struct unpack_job *job, int *read_fd, pid_t *pid,
			struct err *err)
{
	auto_close int nowhere_fd = -1, write_fd = -1, image_fd = -1;
	/* the child changes directory before it executes */
	auto_free char *path = realpath(job->helper, NULL);
	int sys;

	if (!path)
		return err_sys_kind(err, ERR_HOST, errno, "%s", job->helper);
	image_fd = fcntl(job->image_fd, F_DUPFD_CLOEXEC, 3);
	if (image_fd < 0)
		return err_sys(err, errno, "dup");
	nowhere_fd = open_nowhere(job->dir_fd, err);
	if (nowhere_fd < 0 || make_pipe(read_fd, &write_fd, err) < 0)
		return -1;
	sys = spawn(path, job, image_fd, write_fd, nowhere_fd, pid);
	if (sys)
		return err_sys_kind(err, ERR_HOST, sys, "start %s", path);
	return 0;
}

/*
 * Kills the helper, however it fares: one that is ending by itself, which it
 * does once the pipe has no writer, keeps its own status.  -1: unknown.
 */
static int end_helper(pid_t pid)
{
	int status;
	pid_t ended;

	kill(pid, SIGKILL);
	do {
		ended = waitpid(pid, &status, 0);
	} while (ended < 0 && errno == EINTR);
	return ended == pid ? status : -1;
}

/* The records stopped: by whose fault? */
static int explain_death(int status, struct err *err)
{
	if (status == -1 || !WIFSIGNALED(status))
		return err_set(err, ERR_SYSTEM,
			       "jail-unpack ended without a word");
	if (WTERMSIG(status) == SIGKILL)
		return err_set(err, ERR_SYSTEM,
			       "jail-unpack was killed (out of memory?)");
	return err_set(err, ERR_INPUT, "jail-unpack died on it (signal %d, %s)",
		       WTERMSIG(status), strsignal(WTERMSIG(status)));
}

/* A regular file is read from its start and has a size. */
static int rewind_image(const struct unpack_job *job, uint64_t *size,
			struct err *err)
{
	struct stat st;

	*size = 0;
	if (fstat(job->image_fd, &st) < 0)
		return err_sys(err, errno, "%s", job->name);
	if (S_ISDIR(st.st_mode))
		return err_sys_kind(err, ERR_INPUT, EISDIR, "%s", job->name);
	if (!S_ISREG(st.st_mode))
		return 0;
	*size = (uint64_t)st.st_size;
	if (lseek(job->image_fd, 0, SEEK_SET) < 0)
		return err_sys(err, errno, "%s", job->name);
	return 0;
}

/* What the two ways have in common: unpack_image() or a plain tar. */
struct work {
	struct unpack_job job; /* complete */
	struct unpack_result *result; /* of unpack_image(), or NULL: */
	struct unpack_sink sink;
	uint64_t *size;
};

static int receive_work(const struct work *work, struct unpack_receive *receive,
			struct err *err)
{
	return work->result ? unpack_receive(receive, work->result, err)
			    : unpack_receive_plain(receive, &work->sink,
						   work->size, err);
}

static int do_work(struct work *work, struct err *err)
{
	struct unpack_receive receive = {.fd = -1, .job = &work->job};
	auto_close int read_fd = -1;
	pid_t pid;
	int status, death;

	unpack_limits_complete(&work->job.limits);
	if (rewind_image(&work->job, &receive.image_size, err) < 0)
		return -1;
	if (start_helper(&work->job, &read_fd, &pid, err) < 0)
		return err_context(err, "%s", work->job.name);
	receive.fd = read_fd;
	status = receive_work(work, &receive, err);
	death = end_helper(pid);
	if (status < 0 && receive.ended_early)
		explain_death(death, err);
	return status < 0 ? err_context(err, "%s", work->job.name) : 0;
}

int unpack_image(const struct unpack_job *job, struct unpack_result *out,
		 struct err *err)
{
	struct work work = {.job = *job, .result = out};

	return do_work(&work, err);
}

int unpack_plain(const struct unpack_job *job, int out_fd, struct sha256 *hash,
		 uint64_t *size, struct err *err)
{
	struct work work = {.job = *job, .sink = {out_fd, hash}, .size = size};

	work.job.is_plain = true;
	return do_work(&work, err);
}
