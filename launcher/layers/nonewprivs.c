/*
 * no-new-privs: executing a set-uid program or one with file capabilities
 * gives nothing.
 */
#include "../layer.h"

#include <errno.h>
#include <sys/prctl.h>

static int nonewprivs_apply(const void *state)
{
	(void)state;
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -errno : 0;
}

static const char *const steps[] = {"set no_new_privs", NULL};

const struct layer layer_nonewprivs = {
	.name = "no-new-privs",
	.denies = "privileges of set-uid programs and file capabilities",
	.steps = steps,
	.apply = nonewprivs_apply,
};
