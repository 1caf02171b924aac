/*
 * rlimits: what one process of the jail may use.  A core dump is 1 byte, not
 * 0: with 0 the kernel still runs a "|program" core_pattern, as root, on the
 * dying program; 1 is its special value for "do not".
 */
#include "../layer.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "../capability.h"
#include "../cgroup.h"
#include "../spec.h"

/* Which resource stands for a limit, and how many of its units make one. */
static const struct row {
	enum limit limit;
	int resource;
	uint64_t divisor;
	rlim_t by_default; /* 0: what the caller has */
} rows[] = {
	{LIMIT_AS, RLIMIT_AS, 1, 0},
	{LIMIT_MEMORY, RLIMIT_AS, 1, 0}, /* without a cgroup */
	{LIMIT_CORE, RLIMIT_CORE, 1, 1},
	{LIMIT_CPU_TIME, RLIMIT_CPU, 1000, 0}, /* whole seconds */
	{LIMIT_FSIZE, RLIMIT_FSIZE, 1, 0},
	{LIMIT_NOFILE, RLIMIT_NOFILE, 1, 0},
	{LIMIT_PIDS, RLIMIT_NPROC, 1, 4096}, /* fork bombs are too easy */
	{LIMIT_STACK, RLIMIT_STACK, 1, 0},
};
#define N_ROWS (sizeof(rows) / sizeof(*rows))

/* In the order of struct setting, so that a step's number names it. */
static const char *const steps[] = {
	"limit as",	  "limit memory", "limit core",
	"limit cpu-time", "limit fsize",  "limit nofile",
	"limit pids",	  "limit stack",  NULL};

struct setting {
	bool is_set;
	struct rlimit limit;
};

struct state {
	struct setting settings[N_ROWS];
};

static rlim_t round_up(const struct row *row, uint64_t value)
{
	if (value == LIMIT_UNLIMITED)
		return RLIM_INFINITY;
	return value / row->divisor + (value % row->divisor != 0);
}

/* An image, or a default, may lower what the caller has, never raise it. */
static int bound_by_caller(const struct row *row, rlim_t *value,
			   struct err *err)
{
	struct rlimit callers;

	if (getrlimit(row->resource, &callers) < 0)
		return err_sys(err, errno, "read limits");
	if (row->resource == RLIMIT_CORE)
		callers.rlim_max = 1;
	if (*value > callers.rlim_max)
		*value = callers.rlim_max;
	return 0;
}

/* More open files than this no process may have, whoever it is. */
static rlim_t most_files(void)
{
	auto_close int fd = open("/proc/sys/fs/nr_open", O_RDONLY | O_CLOEXEC);
	char text[32] = "";

	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
		return 1048576; /* the kernel's default */
	return strtoull(text, NULL, 10);
}

/* The child could only say that it is not permitted. */
static int check_raise(const struct row *row, rlim_t *value, struct err *err)
{
	const char *name = limit_rows[row->limit].name;
	const rlim_t most =
		row->resource == RLIMIT_NOFILE ? most_files() : RLIM_INFINITY;
	struct rlimit callers;

	if (*value > most && *value != RLIM_INFINITY)
		return err_set(err, ERR_USAGE,
			       "limit %s: this kernel has %ju at most "
			       "(fs.nr_open)",
			       name, (uintmax_t)most);
	if (*value > most)
		*value = most;
	if (getrlimit(row->resource, &callers) < 0)
		return err_sys(err, errno, "read limits");
	if (*value <= callers.rlim_max ||
	    capability_is_effective(CAP_SYS_RESOURCE) > 0)
		return 0;
	return err_set(err, ERR_HOST,
		       "limit %s: it is above the caller's own hard limit "
		       "(ulimit -H), and only CAP_SYS_RESOURCE raises that",
		       name);
}

static int prepare_row(const struct row *row, const struct jail_limit *wish,
		       struct setting *setting, struct err *err)
{
	rlim_t value = round_up(row, wish->value);

	if (wish->by_image && bound_by_caller(row, &value, err) < 0)
		return -1;
	if (!wish->by_image && check_raise(row, &value, err) < 0)
		return -1;
	if (row->resource == RLIMIT_CORE && value == 0)
		value = 1;
	setting->is_set = true;
	setting->limit = (struct rlimit){value, value};
	/* A second more than SIGXCPU gives, for a program that catches it. */
	if (row->resource == RLIMIT_CPU && value != RLIM_INFINITY)
		setting->limit.rlim_max++;
	return 0;
}

/*
 * Where memory is bound for each process alone, as many of them as fill half of
 * the machine's.
 */
static rlim_t bound_by_memory(const struct jail_spec *spec, rlim_t most)
{
	const struct jail_limit *memory = &spec->limits[LIMIT_MEMORY];
	struct sysinfo info;
	uint64_t n;

	if (!memory->is_set || cgroup_holds(spec->cgroup, LIMIT_MEMORY) ||
	    memory->value == LIMIT_UNLIMITED || sysinfo(&info) < 0)
		return most;
	n = (uint64_t)info.totalram * info.mem_unit / 2 / memory->value;
	return n >= most ? most : n > 0 ? n : 1;
}

static int prepare_default(const struct row *row, const struct jail_spec *spec,
			   struct setting *setting, struct err *err)
{
	rlim_t value = row->by_default;

	if (value == 0)
		return 0;
	if (row->limit == LIMIT_PIDS)
		value = bound_by_memory(spec, value);
	if (bound_by_caller(row, &value, err) < 0)
		return -1;
	setting->is_set = true;
	setting->limit = (struct rlimit){value, value};
	return 0;
}

/*
 * By a cgroup, for the whole jail.  Processor time, which a cgroup counts and the
 * keeper enforces, is bound here as well: the kernel is never late.
 */
static bool is_held(const struct jail_spec *spec, enum limit limit)
{
	return limit != LIMIT_CPU_TIME && cgroup_holds(spec->cgroup, limit);
}

static int rlimits_prepare(const struct jail_spec *spec, void **out,
			   struct err *err)
{
	struct state *state = calloc(1, sizeof(*state));
	size_t i;

	if (!state)
		return err_sys(err, ENOMEM, "limits");
	*out = state;
	for (i = 0; i < N_ROWS; i++) {
		const struct jail_limit *wish = &spec->limits[rows[i].limit];
		struct setting *setting = &state->settings[i];

		if (is_held(spec, rows[i].limit))
			continue;
		if ((wish->is_set ? prepare_row(&rows[i], wish, setting, err)
				  : prepare_default(&rows[i], spec, setting,
						    err)) < 0)
			return -1;
	}
	/* Both stand for the address space: the lower one counts. */
	if (state->settings[0].is_set && state->settings[1].is_set) {
		struct setting *as = &state->settings[0];
		struct setting *memory = &state->settings[1];

		if (as->limit.rlim_cur < memory->limit.rlim_cur)
			memory->limit = as->limit;
	}
	return 0;
}

static int rlimits_apply(const void *opaque)
{
	const struct state *state = opaque;
	unsigned i;

	for (i = 0; i < N_ROWS; i++)
		if (state->settings[i].is_set &&
		    prlimit(0, rows[i].resource, &state->settings[i].limit,
			    NULL) < 0)
			return layer_failed(i, errno);
	return 0;
}

const struct layer layer_rlimits = {
	.name = "rlimits",
	.denies = "core dumps, and more of a resource than was granted",
	.steps = steps,
	.prepare = rlimits_prepare,
	.apply = rlimits_apply,
	.release = free,
};
