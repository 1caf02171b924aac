/*
 * caps: every capability set is emptied, and seen to be empty.  Only uid 0
 * (--allow-root) keeps what --caps names, since exec would give it that.
 */
#include "../layer.h"

#include <errno.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../spec.h"

enum step { STEP_AMBIENT, STEP_SET, STEP_READ, STEP_SHOWN };
static const char *const steps[] = {
	"clear the ambient capabilities", "set the capabilities",
	"read the capabilities", "lose the capabilities", NULL};

static int caps_prepare(const struct jail_spec *spec, void **state,
			struct err *err)
{
	(void)err;
	*state = layer_keep_spec(spec);
	return 0;
}

static int caps_apply(const void *state)
{
	const struct jail_spec *spec = state;
	uint64_t kept = spec->user.uid == 0 ? spec->caps : 0;
	struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct wanted[2] = {
		{(uint32_t)kept, (uint32_t)kept, 0},
		{(uint32_t)(kept >> 32), (uint32_t)(kept >> 32), 0},
	};
	struct __user_cap_data_struct found[2];

	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		return layer_failed(STEP_AMBIENT, errno);
	if (syscall(SYS_capset, &head, wanted) < 0)
		return layer_failed(STEP_SET, errno);
	if (syscall(SYS_capget, &head, found) < 0)
		return layer_failed(STEP_READ, errno);
	if (memcmp(wanted, found, sizeof(wanted)) != 0)
		return layer_failed(STEP_SHOWN, EPERM);
	return 0;
}

const struct layer layer_caps = {
	.name = "caps",
	.denies = "every privilege of root",
	.steps = steps,
	.prepare = caps_prepare,
	.apply = caps_apply,
};
