#include "policy_load.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fdio.h"
#include "helper.h"
#include "policy_answer.h"
#include "policy_cache.h"

/* argv is not const by history; nobody writes to it. */
static char *as_argument(const char *text)
{
	union {
		const char *text;
		char *argument;
	} either = {text};

	return either.argument;
}

/* jail-policy load (KEY VALUE)... */
struct words {
	char **items;
	size_t n;
	char features[16], caps[24];
};

static void add(struct words *words, const char *key, const char *value)
{
	words->items[words->n++] = as_argument(key);
	words->items[words->n++] = as_argument(value);
}

static int make_words(const struct policy_request *request, struct words *words,
		      struct err *err)
{
	size_t i;

	*words = (struct words){0};
	words->items = calloc(16 + 2 * (request->n_allow + request->n_deny),
			      sizeof(*words->items));
	if (!words->items)
		return err_sys(err, ENOMEM, "seccomp policy");
	snprintf(words->features, sizeof(words->features), "%u",
		 request->features);
	snprintf(words->caps, sizeof(words->caps), "%jx",
		 (uintmax_t)request->caps);
	words->items[words->n++] = as_argument("jail-policy");
	words->items[words->n++] = as_argument("load");
	add(words, "name", request->name);
	add(words, "features", words->features);
	add(words, "caps", words->caps);
	if (request->deny_action)
		add(words, "deny-action", request->deny_action);
	if (request->text)
		add(words, "text", "");
	for (i = 0; i < request->n_allow; i++)
		add(words, "allow", request->allow[i]);
	for (i = 0; i < request->n_deny; i++)
		add(words, "deny", request->deny[i]);
	return 0;
}

/* The helper reads the very bytes that we have read, from a file in memory. */
static int make_input(const struct policy_request *request, int *fd,
		      struct err *err)
{
	auto_close int made = -1;
	int error;

	*fd = -1;
	if (!request->text)
		return 0;
	made = memfd_create("policy", MFD_CLOEXEC);
	if (made < 0)
		return err_sys(err, errno, "memfd_create");
	error = fd_write_full(made, request->text, request->text_len);
	if (error == 0 && lseek(made, 0, SEEK_SET) < 0)
		error = -errno;
	if (error < 0)
		return err_sys(err, -error, "seccomp policy");
	*fd = take_fd(&made);
	return 0;
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

static int ask_helper(const char *path, char **argv, int in_fd,
		      struct sock_fprog *program, void **owned, struct err *err)
{
	int ends[2], error, result;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(err, errno, "make a pipe");
	error = spawn(path, argv, in_fd, ends[1], &pid);
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

static int compile(const char *helper, const struct policy_request *request,
		   struct sock_fprog *program, void **owned, struct err *err)
{
	auto_close int in_fd = -1;
	struct words words;
	int result;

	if (make_input(request, &in_fd, err) < 0 ||
	    make_words(request, &words, err) < 0)
		return -1;
	result = ask_helper(helper, words.items, in_fd, program, owned, err);
	free(words.items);
	return result;
}

const char *const policy_names[] = {"default",	 "strict", "cape",
				    "cape-deny", "none",   NULL};

bool policy_is_file(const char *name)
{
	return strchr(name, '/') || strchr(name, '.');
}

static int read_file(struct policy_request *request, char **text,
		     struct err *err)
{
	auto_close int fd =
		open(request->name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	int error = fd < 0 ? -errno
			   : fd_read_all(fd, POLICY_TEXT_MOST, text,
					 &request->text_len);

	if (error < 0)
		return err_sys_kind(err, ERR_USAGE, -error, "seccomp policy %s",
				    request->name);
	request->text = *text;
	return 0;
}

int policy_load(const struct policy_request *asked, struct loaded_policy *out,
		struct err *err)
{
	struct policy_request *request = &out->request;
	auto_free char *path = NULL;
	char key[SHA256_HEX_SIZE];

	*out = (struct loaded_policy){.request = *asked};
	if (policy_builtin(request, &out->program))
		return 0;
	if ((!request->text && policy_is_file(request->name) &&
	     read_file(request, &out->text, err) < 0) ||
	    helper_find("jail-policy", &path, err) < 0)
		return -1;
	policy_cache_key(request, path, key);
	if (policy_cache_find(key, &out->program, &out->owned))
		return 0;
	if (compile(path, request, &out->program, &out->owned, err) < 0)
		return -1;
	policy_cache_put(key, &out->program);
	return 0;
}

void policy_unload(struct loaded_policy *policy)
{
	free(policy->owned);
	free(policy->text);
}
