#include "policy_load.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fdio.h"
#include "helper.h"
#include "policy_answer.h"

/* argv is not const by history; nobody writes to it. */
static char *as_argument(const char *text)
{
	union {
		const char *text;
		char *argument;
	} either = {text};

	return either.argument;
}

/* jail-policy NAME FEATURES (allow LIST | deny LIST)... */
static char **make_argv(const struct policy_request *request, char *features)
{
	size_t n = 0, i;
	char **argv = calloc(4 + 2 * (request->n_allow + request->n_deny),
			     sizeof(*argv));

	if (!argv)
		return NULL;
	argv[n++] = as_argument("jail-policy");
	argv[n++] = as_argument(request->name);
	argv[n++] = features;
	for (i = 0; i < request->n_allow; i++) {
		argv[n++] = as_argument("allow");
		argv[n++] = as_argument(request->allow[i]);
	}
	for (i = 0; i < request->n_deny; i++) {
		argv[n++] = as_argument("deny");
		argv[n++] = as_argument(request->deny[i]);
	}
	return argv;
}

static int spawn(const char *path, char **argv, int out_fd, pid_t *pid)
{
	char *no_environment[] = {NULL};
	posix_spawn_file_actions_t actions;
	int error = posix_spawn_file_actions_init(&actions);

	if (error)
		return error;
	error = posix_spawn_file_actions_adddup2(&actions, out_fd, 1);
	if (!error)
		error = posix_spawn(pid, path, &actions, NULL, argv,
				    no_environment);
	posix_spawn_file_actions_destroy(&actions);
	return error;
}

/* Nothing of it is believed to be whole before it was seen to be. */
static int read_answer(int fd, struct sock_fprog *program, void **owned,
		       struct err *err)
{
	struct policy_answer answer;
	auto_free char *text = NULL;

	if (fd_read_full(fd, &answer, sizeof(answer)) != sizeof(answer) ||
	    answer.size > POLICY_ANSWER_MOST)
		return err_set(err, ERR_SYSTEM, "jail-policy died");
	text = calloc(1, answer.size + 1);
	if (!text)
		return err_sys(err, ENOMEM, "seccomp policy");
	if (fd_read_full(fd, text, answer.size) != (ssize_t)answer.size)
		return err_set(err, ERR_SYSTEM, "jail-policy died");
	if (answer.kind != ERR_NONE)
		return err_set(err, (enum err_kind)answer.kind, "%s", text);
	if (answer.size == 0 || answer.size % sizeof(struct sock_filter))
		return err_set(err, ERR_SYSTEM, "jail-policy: no filter");
	program->len =
		(unsigned short)(answer.size / sizeof(struct sock_filter));
	program->filter = (struct sock_filter *)(void *)text;
	*owned = TAKE(text);
	return 0;
}

static int ask_helper(const char *path, char **argv, struct sock_fprog *program,
		      void **owned, struct err *err)
{
	int ends[2], error, result;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(err, errno, "make a pipe");
	error = spawn(path, argv, ends[1], &pid);
	close(ends[1]);
	if (error) {
		close(ends[0]);
		return err_sys_kind(err, ERR_HOST, error, "start %s", path);
	}
	result = read_answer(ends[0], program, owned, err);
	close(ends[0]);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		continue;
	return result;
}

int policy_load(const struct policy_request *request,
		struct sock_fprog *program, void **owned, struct err *err)
{
	auto_free char *path = NULL;
	auto_free char **argv = NULL;
	char features[16];

	*owned = NULL;
	if (policy_builtin(request, program))
		return 0;
	snprintf(features, sizeof(features), "%u", request->features);
	argv = make_argv(request, features);
	if (!argv)
		return err_sys(err, ENOMEM, "seccomp policy");
	if (helper_find("jail-policy", &path, err) < 0)
		return -1;
	return ask_helper(path, argv, program, owned, err);
}
