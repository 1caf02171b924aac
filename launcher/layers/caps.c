/*
 * caps: every capability set is emptied, and seen to be empty.  Only uid 0
 * (--allow-root) keeps what --caps names, since exec would give it that; and
 * whoever it is what --ambient-caps names.
 */
#include "../layer.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../capability.h"
#include "../spec.h"

enum step {
	STEP_CLEAR,
	STEP_INHERITABLE,
	STEP_AMBIENT,
	STEP_LOCK,
	STEP_SET,
	STEP_READ,
	STEP_SHOWN,
};
static const char *const steps[] = {
	"clear the ambient capabilities",
	"make capabilities inheritable",
	"make capabilities ambient",
	"lock the securebits",
	"set the capabilities",
	"read the capabilities",
	"have the capabilities that were set, and no other",
	NULL};

struct sets {
	uint64_t effective, permitted, inheritable;
};

static int set_sets(const struct sets *sets)
{
	struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct data[2] = {
		{(uint32_t)sets->effective, (uint32_t)sets->permitted,
		 (uint32_t)sets->inheritable},
		{(uint32_t)(sets->effective >> 32),
		 (uint32_t)(sets->permitted >> 32),
		 (uint32_t)(sets->inheritable >> 32)},
	};

	return syscall(SYS_capset, &head, data) < 0 ? -errno : 0;
}

static int get_sets(struct sets *sets)
{
	struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &head, data) < 0)
		return -errno;
	sets->effective = (uint64_t)data[1].effective << 32 | data[0].effective;
	sets->permitted = (uint64_t)data[1].permitted << 32 | data[0].permitted;
	sets->inheritable =
		(uint64_t)data[1].inheritable << 32 | data[0].inheritable;
	return 0;
}

static int caps_probe(const struct jail_spec *spec, struct err *err)
{
	struct sets ours = {0};
	int error = spec->ambient_caps ? get_sets(&ours) : 0;
	unsigned i;

	if (error < 0)
		return err_sys(err, -error, "read our capabilities");
	for (i = 0; spec->ambient_caps && i < N_CAPABILITIES; i++)
		if (spec->ambient_caps >> i & 1 && !(ours.permitted >> i & 1))
			return err_set(err, ERR_HOST,
				       "--ambient-caps %s: we do not have the "
				       "capability ourselves",
				       capability_names[i]);
	return 1;
}

static const char *caps_describe(const struct jail_spec *spec)
{
	return spec->ambient_caps ? "every privilege of root but --ambient-caps"
				  : layer_caps.denies;
}

/*
 * What is ambient has to be permitted and inheritable first.  Then an ordinary
 * user's uid 0 is made a number: what --caps names beyond, nobody gets.
 */
static int raise_ambient(const struct jail_spec *spec)
{
	struct sets sets = {0};
	unsigned i;

	if (get_sets(&sets) < 0)
		return layer_failed(STEP_READ, errno);
	sets.effective = sets.permitted;
	sets.inheritable = spec->ambient_caps;
	if (set_sets(&sets) < 0)
		return layer_failed(STEP_INHERITABLE, errno);
	for (i = 0; i < N_CAPABILITIES; i++)
		if (spec->ambient_caps >> i & 1 &&
		    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, i, 0, 0) < 0)
			return layer_failed(STEP_AMBIENT, errno);
	if (spec->user.uid != 0 &&
	    prctl(PR_SET_SECUREBITS, SECUREBITS_OF_A_USER, 0, 0, 0) < 0)
		return layer_failed(STEP_LOCK, errno);
	return 0;
}

static bool is_ambient_as_said(const struct jail_spec *spec)
{
	unsigned i;

	for (i = 0; i < N_CAPABILITIES; i++) {
		int is_set =
			prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, i, 0, 0);

		/* The kernel may know fewer. */
		if ((is_set == 1) != (spec->ambient_caps >> i & 1))
			return false;
	}
	return true;
}

static int caps_apply(const void *state)
{
	const struct jail_spec *spec = state;
	uint64_t kept =
		spec->ambient_caps | (spec->user.uid == 0 ? spec->caps : 0);
	const struct sets wanted = {kept, kept, spec->ambient_caps};
	struct sets found;
	int error = 0;

	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		return layer_failed(STEP_CLEAR, errno);
	if (spec->ambient_caps)
		error = raise_ambient(spec);
	if (error < 0)
		return error;
	if (set_sets(&wanted) < 0)
		return layer_failed(STEP_SET, errno);
	if (get_sets(&found) < 0)
		return layer_failed(STEP_READ, errno);
	if (memcmp(&wanted, &found, sizeof(wanted)) != 0 ||
	    (spec->ambient_caps && !is_ambient_as_said(spec)))
		return layer_failed(STEP_SHOWN, EPERM);
	return 0;
}

const struct layer layer_caps = {
	.name = "caps",
	.denies = "every privilege of root",
	.describe = caps_describe,
	.steps = steps,
	.probe = caps_probe,
	.prepare = layer_keep_spec,
	.apply = caps_apply,
};
