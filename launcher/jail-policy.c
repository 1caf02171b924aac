/*
 * jail-policy: reads and compiles seccomp policies for jaillaunch.
 *
 *	jail-policy load OPTION...			see load_options
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
#include "opts.h"
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

struct load_args {
	const char *name, *features, *caps, *deny_action, *open;
	struct opt_list allow, deny;
	bool text;
};

/* clang-format off */
#define INTO(member) OPT_INTO(struct load_args, member)
static const struct opt load_options[] = {
	{0, "name", "NAME", INTO(name), "of the policy"},
	{0, "features", "N", INTO(features), "what else the jail has: a sum"},
	{0, "caps", "HEX", INTO(caps), "the bounding set"},
	{0, "deny-action", "ACTION", INTO(deny_action), "see policy.h"},
	{0, "open", "LIST", INTO(open), "likewise"},
	{0, "allow", "LIST", INTO(allow), "likewise"},
	{0, "deny", "LIST", INTO(deny), "likewise"},
	{0, "text", NULL, INTO(text), "the policy is on standard input"},
	{0},
};
/* clang-format on */

static struct policy_request request_of(const struct load_args *args)
{
	return (struct policy_request){
		.name = args->name,
		.features = (unsigned)strtoul(args->features, NULL, 10),
		.allow = args->allow.items,
		.n_allow = args->allow.n,
		.deny = args->deny.items,
		.n_deny = args->deny.n,
		.open = args->open,
		.deny_action = args->deny_action,
		.caps = strtoull(args->caps, NULL, 16),
	};
}

static int compile(const struct load_args *args, struct sock_fprog *program,
		   void **owned, struct err *err)
{
	struct policy_request request = request_of(args);
	auto_free char *text = NULL;
	int error = 0;

	if (args->text)
		error = fd_read_all(0, POLICY_TEXT_MOST, &text,
				    &request.text_len);
	if (error < 0)
		return err_sys(err, -error, "read %s", request.name);
	request.text = text;
	return policy_filter(&request, program, owned, err);
}

static int answer_load(int argc, char **argv)
{
	struct load_args args = {
		.name = "default", .features = "0", .caps = "0"};
	auto_free void *owned = NULL;
	struct sock_fprog program;
	struct err err = {0};
	int unused, status;

	if (opts_parse(load_options, true, argc, argv, &args, &unused, &err) <
		    0 ||
	    compile(&args, &program, &owned, &err) < 0)
		status = write_answer(err.kind, err.msg, strlen(err.msg));
	else
		status = write_answer(ERR_NONE, program.filter,
				      program.len * sizeof(*program.filter));
	opt_list_free(&args.allow);
	opt_list_free(&args.deny);
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
		return answer_load(argc - 1, argv + 1);
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
