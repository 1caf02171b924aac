/*
 * The init is process 1.  Its child is root, in a session of its own, with
 * every signal unblocked, and becomes the program by exec.  Between them: the
 * pipe of the output, and one that closes when the exec succeeds, or brings
 * the errno of what did not.
 */
#include "workload.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cleanup.h"
#include "fdio.h"

/* Stages of the child, in the order in which they are reported by number. */
enum stage { STAGE_NONE, STAGE_SESSION, STAGE_STREAMS, STAGE_EXEC };

struct failure {
	int stage, error;
};

/* How long what is left to be read at the end is waited for, and how much. */
#define LAST_MILLISECONDS 1000
#define LAST_BYTES (1u << 20)

static char *const environment[] = {
	(char[]){"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:"
		 "/bin"},
	(char[]){"HOME=/"},
	NULL,
};

/* --- the child: system calls alone */

static enum stage become(char *const *argv, int null_fd, int output)
{
	sigset_t none;

	sigemptyset(&none);
	if (setsid() < 0 || sigprocmask(SIG_SETMASK, &none, NULL) < 0)
		return STAGE_SESSION;
	if (dup2(null_fd, 0) < 0 || dup2(output, 1) < 0 || dup2(output, 2) < 0)
		return STAGE_STREAMS;
	execve(argv[0], argv, environment);
	return STAGE_EXEC;
}

static _Noreturn void run_child(char *const *argv, int null_fd, int output,
				int failed)
{
	struct failure failure;

	failure.stage = (int)become(argv, null_fd, output);
	failure.error = errno;
	(void)!write(failed, &failure, sizeof(failure));
	_exit(127);
}

/* --- the init */

static int await_exec(int failed, const char *program, struct err *err)
{
	struct failure failure;
	ssize_t n = fd_read_full(failed, &failure, sizeof(failure));

	if (n == 0)
		return 0;
	if (n != sizeof(failure))
		return err_set(err, ERR_SYSTEM, "%s was not started", program);
	if (failure.stage == STAGE_EXEC)
		return err_sys_kind(err, ERR_INPUT, failure.error, "execute %s",
				    program);
	return err_sys(err, failure.error, "start %s, stage %d", program,
		       failure.stage);
}

static int watch_children(struct err *err)
{
	sigset_t ended;
	int fd;

	sigemptyset(&ended);
	sigaddset(&ended, SIGCHLD);
	sigprocmask(SIG_BLOCK, &ended, NULL); /* else it does not come here */
	fd = signalfd(-1, &ended, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? err_sys(err, errno, "signalfd") : fd;
}

int workload_start(char *const *argv, struct workload *workload,
		   struct err *err)
{
	auto_close int null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int output[2], failed[2];
	int result;

	if (null_fd < 0)
		return err_sys(err, errno, "/dev/null");
	workload->ended = watch_children(err);
	if (workload->ended < 0)
		return -1;
	/* what an init opens needs no closing on failure: all ends with it */
	if (pipe2(output, O_CLOEXEC) < 0 || pipe2(failed, O_CLOEXEC) < 0)
		return err_sys(err, errno, "pipe");
	workload->output = output[0];
	workload->pid = fork();
	if (workload->pid < 0)
		return err_sys(err, errno, "fork");
	if (workload->pid == 0)
		run_child(argv, null_fd, output[1], failed[1]);
	close(output[1]);
	close(failed[1]);
	result = await_exec(failed[0], argv[0], err);
	close(failed[0]);
	return result;
}

/* Bytes passed on; 0 at the end, or when nothing comes in that time. */
static ssize_t pass_on(const struct workload *workload, int milliseconds)
{
	struct pollfd readable = {.fd = workload->output, .events = POLLIN};
	char bytes[4096];
	ssize_t n;

	if (poll(&readable, 1, milliseconds) <= 0)
		return 0;
	n = read(workload->output, bytes, sizeof(bytes));
	if (n > 0) /* nobody can be told that there is no console */
		(void)!fd_write_full(STDOUT_FILENO, bytes, (size_t)n);
	return n;
}

/* Reaps all that ended; true if the program was among them. */
static bool reap(struct workload *workload)
{
	struct signalfd_siginfo info;
	bool has_ended = false;
	int status;
	pid_t pid;

	(void)!read(workload->ended, &info, sizeof(info));
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid != workload->pid)
			continue;
		workload->status = status;
		has_ended = true;
	}
	return has_ended;
}

/*
 * All others are killed first, so that the output has an end: they are the
 * enclave's.  If we were not its first process they might be anyone's.
 */
static void pass_on_rest(const struct workload *workload)
{
	size_t passed = 0;
	ssize_t n;

	if (getpid() == 1)
		kill(-1, SIGKILL);
	while (passed < LAST_BYTES &&
	       (n = pass_on(workload, LAST_MILLISECONDS)) > 0)
		passed += (size_t)n;
}

int workload_wait(struct workload *workload, struct err *err)
{
	for (;;) {
		struct pollfd events[] = {
			{.fd = workload->ended, .events = POLLIN},
			{.fd = workload->output, .events = POLLIN},
		};

		if (poll(events, 2, -1) < 0 && errno != EINTR)
			return err_sys(err, errno, "wait for the program");
		if (events[1].revents != 0 && pass_on(workload, 0) == 0) {
			close(workload->output);
			workload->output = -1; /* poll() passes it over */
		}
		if (events[0].revents != 0 && reap(workload))
			break;
	}
	if (workload->output >= 0)
		pass_on_rest(workload);
	return 0;
}

void workload_words(int status, char *out, size_t size)
{
	if (WIFEXITED(status))
		snprintf(out, size, "exited %d", WEXITSTATUS(status));
	else
		snprintf(out, size, "killed %d", WTERMSIG(status));
}
