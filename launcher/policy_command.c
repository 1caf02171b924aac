#include "policy_command.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "cleanup.h"
#include "helper.h"
#include "outcome.h"

int policy_command(int argc, char **argv, struct err *err)
{
	static char helper[] = "jail-policy";
	auto_free char *path = NULL;
	auto_free char **words = calloc((size_t)argc + 2, sizeof(*words));

	if (!words) {
		err_sys(err, ENOMEM, "policy");
		return STATUS_FAILED;
	}
	if (helper_find(helper, &path, err) < 0)
		return STATUS_FAILED;
	words[0] = helper;
	for (int i = 0; i < argc; i++)
		words[i + 1] = argv[i];
	execv(path, words);
	err_sys_kind(err, ERR_HOST, errno, "execute %s", path);
	return STATUS_FAILED;
}
