/*
 * jail-policy: compiles an amended seccomp policy for jaillaunch.
 *
 *	jail-policy NAME FEATURES (allow LIST | deny LIST)...
 *
 * Started by jaillaunch, with its privileges, before there is a jail; all of
 * its input is what the caller typed.  policy_answer.h says what it writes.
 */
#include <stdlib.h>
#include <string.h>

#include "fdio.h"
#include "policy/policy.h"
#include "policy_answer.h"

static int write_answer(enum err_kind kind, const void *data, size_t size)
{
	struct policy_answer answer = {kind, (uint32_t)size};

	if (fd_write_full(1, &answer, sizeof(answer)) < 0 ||
	    fd_write_full(1, data, size) < 0)
		return 1;
	return 0;
}

static int read_lists(int argc, char **argv, struct policy_request *request,
		      const char **allow, const char **deny, struct err *err)
{
	int i;

	for (i = 0; i + 1 < argc; i += 2) {
		if (strcmp(argv[i], "allow") == 0)
			allow[request->n_allow++] = argv[i + 1];
		else if (strcmp(argv[i], "deny") == 0)
			deny[request->n_deny++] = argv[i + 1];
		else
			return err_set(err, ERR_USAGE, "jail-policy: \"%s\"",
				       argv[i]);
	}
	request->allow = allow;
	request->deny = deny;
	return 0;
}

static int answer(int argc, char **argv)
{
	auto_free const char **lists = calloc((size_t)argc * 2, sizeof(*lists));
	struct policy_request request = {0};
	struct sock_fprog program;
	struct err err = {0};
	auto_free void *owned = NULL;

	if (!lists)
		return 1;
	if (argc < 3)
		return write_answer(ERR_USAGE, "jaillaunch calls it", 19);
	request.name = argv[1];
	request.features = (unsigned)strtoul(argv[2], NULL, 10);
	if (read_lists(argc - 3, argv + 3, &request, lists, lists + argc,
		       &err) < 0 ||
	    policy_filter(&request, &program, &owned, &err) < 0)
		return write_answer(err.kind, err.msg, strlen(err.msg));
	return write_answer(ERR_NONE, program.filter,
			    program.len * sizeof(*program.filter));
}

int main(int argc, char **argv)
{
	return answer(argc, argv);
}
