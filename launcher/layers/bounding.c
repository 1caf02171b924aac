/*
 * bounding: capabilities that no program of the jail can ever gain, and the
 * bits that make uid 0 just a number.
 */
#include "../layer.h"

#include <errno.h>
#include <sys/prctl.h>

#include "../capability.h"
#include "../spec.h"

enum step { STEP_DROP, STEP_LOCK };
static const char *const steps[] = {"drop a capability from the bounding set",
				    "lock the securebits", NULL};

static int bounding_probe(const struct jail_spec *spec, struct err *err)
{
	unsigned i;

	for (i = 0; i < N_CAPABILITIES; i++)
		if (spec->caps >> i & 1 &&
		    prctl(PR_CAPBSET_READ, i, 0, 0, 0) < 0)
			return err_set(
				err, ERR_HOST,
				"--caps %s: the capability is not in our "
				"own bounding set (or this kernel does "
				"not know it)",
				capability_names[i]);
	return 1;
}

static int bounding_apply(const void *state)
{
	const struct jail_spec *spec = state;
	unsigned i;

	for (i = 0; i < 64; i++) {
		if (spec->caps >> i & 1)
			continue;
		if (prctl(PR_CAPBSET_DROP, i, 0, 0, 0) == 0)
			continue;
		if (errno == EINVAL && prctl(PR_CAPBSET_READ, i, 0, 0, 0) < 0)
			break; /* the kernel has no more */
		return layer_failed(STEP_DROP, errno);
	}
	if (spec->caps == 0 &&
	    prctl(PR_SET_SECUREBITS, SECUREBITS_OF_A_USER, 0, 0, 0) < 0)
		return layer_failed(STEP_LOCK, errno);
	return 0;
}

const struct layer layer_bounding = {
	.name = "bounding",
	.denies = "gaining a capability by executing a program",
	.steps = steps,
	.probe = bounding_probe,
	.prepare = layer_keep_spec,
	.apply = bounding_apply,
};
