/*
 * root: the jail's directory becomes "/".  Only what is open, and the root
 * itself, can be reached from then on; fds and seccomp see to the rest.
 */
#include "../layer.h"

#include <errno.h>
#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../spec.h"

enum step { STEP_ENTER, STEP_CHROOT, STEP_TOP };
static const char *const steps[] = {"enter the root", "chroot",
				    "change to the new root", NULL};

static int root_probe(const struct jail_spec *spec, struct err *err)
{
	struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct data[2] = {{0}};

	if (syscall(SYS_capget, &head, data) < 0)
		return err_sys(err, errno, "read our capabilities");
	if (data[0].effective & 1u << CAP_SYS_CHROOT)
		return 1;
	return err_set(err, ERR_HOST,
		       "chroot %s: Operation not permitted: only root (or "
		       "CAP_SYS_CHROOT) may; run jaillaunch as root (user "
		       "namespaces, which would do without, are not built "
		       "yet)",
		       spec->root_name);
}

static int root_prepare(const struct jail_spec *spec, void **state,
			struct err *err)
{
	(void)err;
	*state = layer_keep_spec(spec);
	return 0;
}

static int root_apply(const void *state)
{
	const struct jail_spec *spec = state;

	if (fchdir(spec->root_fd) < 0)
		return layer_failed(STEP_ENTER, errno);
	if (chroot(".") < 0)
		return layer_failed(STEP_CHROOT, errno);
	if (chdir("/") < 0)
		return layer_failed(STEP_TOP, errno);
	return 0;
}

const struct layer layer_root = {
	.name = "root",
	.denies = "files outside the jail's root",
	.steps = steps,
	.probe = root_probe,
	.prepare = root_prepare,
	.apply = root_apply,
};
