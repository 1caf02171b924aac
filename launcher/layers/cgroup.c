/*
 * cgroup: what all processes of the jail may use together.  The process that
 * becomes the program joins the groups that the supervisor made; all that it
 * starts is born in them.
 */
#include "../layer.h"

#include "../cgroup.h"
#include "../spec.h"

static const char *const steps[] = {"join", NULL};

static int cgroup_probe(const struct jail_spec *spec, struct err *err)
{
	static const enum limit limits[] = {LIMIT_MEMORY, LIMIT_PIDS,
					    LIMIT_CPU_TIME};
	const char *why = "";
	size_t i;

	if (cgroup_has_group(spec->cgroup))
		return 1;
	for (i = 0; *why == '\0' && i < sizeof(limits) / sizeof(*limits); i++)
		why = cgroup_words(spec->cgroup, limits[i]);
	err_set(err, ERR_NONE, "%s",
		*why ? why
		     : "no limit asks for one: memory, pids, cpus, "
		       "cpu-time");
	return 0;
}

static int apply(const void *state)
{
	const struct jail_spec *spec = state;

	return cgroup_join(spec->cgroup);
}

const struct layer layer_cgroup = {
	.name = "cgroup",
	.denies = "more memory, processes or processor than was granted to all "
		  "of the jail together",
	.steps = steps,
	.probe = cgroup_probe,
	.prepare = layer_keep_spec,
	.apply = apply,
};
