#include "enforcement.h"

#include "cgroup.h"
#include "spec.h"

/* Where no cgroup does it. */
static const char *const plain[] = {
	[LIMIT_AS] = "rlimit: address space of each process",
	[LIMIT_CORE] = "rlimit: each core dump",
	[LIMIT_CPU_TIME] = ("keeper: the program; rlimit: whole seconds, each "
			    "process"),
	[LIMIT_CPUS] = "nothing",
	[LIMIT_FSIZE] = "rlimit: each file",
	[LIMIT_MEMORY] = "rlimit: address space of each process, times pids",
	[LIMIT_NOFILE] = "rlimit: each process",
	[LIMIT_OUTPUT] = "relay: both together",
	[LIMIT_PIDS] = "rlimit: all processes of the uid, outside the jail too",
	[LIMIT_TMP] = "size of each tmpfs",
	[LIMIT_STACK] = "rlimit: each process",
	[LIMIT_WALL_TIME] = "keeper: a timer",
};

const char *enforcement_words(const struct jail_spec *spec, enum limit limit)
{
	if (cgroup_holds(spec->cgroup, limit))
		return cgroup_words(spec->cgroup, limit);
	if (limit == LIMIT_PIDS && spec->own_uid)
		return "rlimit: all processes of the uid, which is the jail's";
	return plain[limit];
}

const char *enforcement_why_no_cgroup(const struct jail_spec *spec,
				      enum limit limit)
{
	const char *words = cgroup_words(spec->cgroup, limit);

	return *words && !cgroup_holds(spec->cgroup, limit) ? words : NULL;
}

void enforcement_explain(const struct jail_spec *spec, FILE *out)
{
	size_t i;

	for (i = 0; i < N_LIMITS; i++) {
		enum limit limit = (enum limit)i;
		const char *why = enforcement_why_no_cgroup(spec, limit);

		if (!spec->limits[i].is_set)
			continue;
		fprintf(out, "limit %-13s %s%s%s%s\n", limit_rows[i].name,
			enforcement_words(spec, limit),
			why ? " (no cgroup: " : "", why ? why : "",
			why ? ")" : "");
	}
}
