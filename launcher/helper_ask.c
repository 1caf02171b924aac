#include "helper_ask.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cleanup.h"
#include "fdio.h"
#include "policy_answer.h"

char *helper_argument(const char *text)
{
	union {
		const char *text;
		char *argument;
	} either = {text};

	return either.argument;
}

/*
 * The helper reads the very bytes that we have read, from a file in memory.  Not
 * as one of 0-2, which the caller may have left closed: spawn() overwrites 1.
 */
static int make_input(const char *text, size_t len, int *fd, struct err *err)
{
	auto_close int made = -1;
	int error;

	*fd = -1;
	if (!text)
		return 0;
	made = memfd_create("question", MFD_CLOEXEC);
	if (made < 0)
		return err_sys(err, errno, "memfd_create");
	error = fd_write_full(made, text, len);
	if (error == 0 && lseek(made, 0, SEEK_SET) < 0)
		error = -errno;
	if (error < 0)
		return err_sys(err, -error, "ask a helper");
	*fd = fcntl(made, F_DUPFD_CLOEXEC, 3);
	return *fd < 0 ? err_sys(err, errno, "ask a helper") : 0;
}

static int spawn(const char *path, char **argv, int in_fd, int out_fd,
		 pid_t *pid)
{
	char *no_environment[] = {NULL};
	posix_spawn_file_actions_t actions;
	int error = posix_spawn_file_actions_init(&actions);

	if (error)
		return error;
	error = posix_spawn_file_actions_adddup2(&actions, out_fd, 1);
	if (!error && in_fd >= 0)
		error = posix_spawn_file_actions_adddup2(&actions, in_fd, 0);
	if (!error)
		error = posix_spawn(pid, path, &actions, NULL, argv,
				    no_environment);
	posix_spawn_file_actions_destroy(&actions);
	return error;
}

static int died(const char *path, struct err *err)
{
	const char *slash = strrchr(path, '/');

	return err_set(err, ERR_SYSTEM, "%s died", slash ? slash + 1 : path);
}

static int read_answer(const char *path, int fd, size_t most, char **out,
		       size_t *size, struct err *err)
{
	struct policy_answer answer;
	auto_free char *text = NULL;

	if (fd_read_full(fd, &answer, sizeof(answer)) != sizeof(answer) ||
	    answer.size > most)
		return died(path, err);
	text = calloc(1, (size_t)answer.size + 1);
	if (!text)
		return err_sys(err, ENOMEM, "ask a helper");
	if (fd_read_full(fd, text, answer.size) != (ssize_t)answer.size)
		return died(path, err);
	if (answer.kind != ERR_NONE)
		return err_set(err, (enum err_kind)answer.kind, "%s", text);
	*size = answer.size;
	*out = TAKE(text);
	return 0;
}

int helper_ask(const char *path, char **argv, const char *text, size_t len,
	       size_t most, char **out, size_t *size, struct err *err)
{
	auto_close int in_fd = -1;
	int ends[2], error, result;
	pid_t pid;

	if (make_input(text, len, &in_fd, err) < 0)
		return -1;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(err, errno, "make a pipe");
	error = spawn(path, argv, in_fd, ends[1], &pid);
	close(ends[1]);
	if (error) {
		close(ends[0]);
		return err_sys_kind(err, ERR_HOST, error, "start %s", path);
	}
	result = read_answer(path, ends[0], most, out, size, err);
	close(ends[0]);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		continue;
	return result;
}
