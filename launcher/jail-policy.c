/*
 * jail-policy: reads and compiles seccomp policies for jaillaunch.
 *
 *	jail-policy load (KEY VALUE)...
 *	jail-policy config NAME DIRECTORY		see oci_answer.h
 *	jail-policy policy show|explain|check ...	see policy_verbs.h
 *
 * Started by jaillaunch, with its privileges, before there is a jail; all of
 * its input is what the caller typed or the policy that he named, which comes
 * by standard input.  policy_answer.h says what `load` and
 * `config` write.
 */
#include <stdlib.h>
#include <string.h>

#include "fdio.h"
#include "oci/config.h"
#include "policy/policy.h"
#include "policy/policy_verbs.h"
#include "policy_answer.h"
#include "outcome.h"
#include "printed.h"

static int write_answer(enum err_kind kind, const void *data, size_t size)
{
	struct policy_answer answer = {kind, (uint32_t)size};

	if (fd_write_full(1, &answer, sizeof(answer)) < 0 ||
	    fd_write_full(1, data, size) < 0)
		return 1;
	return 0;
}

/* What the command line says; lists have room for all of it. */
struct input {
	struct policy_request request;
	const char **allow, **deny;
	char *text;
};

static int read_text(struct input *input, struct err *err)
{
	int error = fd_read_all(0, POLICY_TEXT_MOST, &input->text,
				&input->request.text_len);

	if (error < 0)
		return err_sys(err, -error, "read %s", input->request.name);
	input->request.text = input->text;
	return 0;
}

static int read_pair(const char *key, const char *value, struct input *input,
		     struct err *err)
{
	struct policy_request *request = &input->request;

	if (strcmp(key, "name") == 0)
		request->name = value;
	else if (strcmp(key, "features") == 0)
		request->features = (unsigned)strtoul(value, NULL, 10);
	else if (strcmp(key, "caps") == 0)
		request->caps = strtoull(value, NULL, 16);
	else if (strcmp(key, "deny-action") == 0)
		request->deny_action = value;
	else if (strcmp(key, "open") == 0)
		request->open = value;
	else if (strcmp(key, "allow") == 0)
		input->allow[request->n_allow++] = value;
	else if (strcmp(key, "deny") == 0)
		input->deny[request->n_deny++] = value;
	else if (strcmp(key, "text") == 0)
		return read_text(input, err);
	else
		return err_set(err, ERR_USAGE, "jail-policy: \"%s\"", key);
	return 0;
}

static int load(int n, char **words, struct input *input)
{
	struct sock_fprog program;
	struct err err = {0};
	auto_free void *owned = NULL;
	int result = 0;

	input->request.name = "default";
	for (int i = 0; result == 0 && i + 1 < n; i += 2)
		result = read_pair(words[i], words[i + 1], input, &err);
	input->request.allow = input->allow;
	input->request.deny = input->deny;
	if (result < 0 ||
	    policy_filter(&input->request, &program, &owned, &err) < 0)
		return write_answer(err.kind, err.msg, strlen(err.msg));
	return write_answer(ERR_NONE, program.filter,
			    program.len * sizeof(*program.filter));
}

static int answer(int n, char **words)
{
	auto_free const char **lists =
		calloc((size_t)(n + 1) * 2, sizeof(*lists));
	struct input input = {.allow = lists};
	int status;

	if (!lists)
		return 1;
	input.deny = lists + n + 1;
	status = load(n, words, &input);
	free(input.text);
	return status;
}

/* A config.json, from standard input. */
static int answer_config(const char *name, const char *directory)
{
	auto_free char *text = NULL, *made = NULL;
	struct err err = {0};
	size_t len = 0, size = 0;
	int error = fd_read_all(0, OCI_CONFIG_MOST, &text, &len);

	if (error < 0)
		err_sys(&err, -error, "read %s", name);
	else
		config_read(name, directory, text, len, &made, &size, &err);
	return err.kind == ERR_NONE
		       ? write_answer(ERR_NONE, made, size)
		       : write_answer(err.kind, err.msg, strlen(err.msg));
}

int main(int argc, char **argv)
{
	struct err err = {0};
	int status;

	if (argc > 1 && strcmp(argv[1], "load") == 0)
		return answer(argc - 2, argv + 2);
	if (argc == 4 && strcmp(argv[1], "config") == 0)
		return answer_config(argv[2], argv[3]);
	if (argc > 1 && strcmp(argv[1], "policy") == 0) {
		status = policy_verbs(argc - 1, argv + 1, &err);
		if (status == 0 && printed_check(stdout, &err) < 0)
			status = STATUS_FAILED;
		if (err.kind != ERR_NONE)
			err_print("jaillaunch", &err);
		return status;
	}
	fputs("jail-policy: jaillaunch calls it\n", stderr);
	return 1;
}
