#include "cgroup.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cgroup_find.h"
#include "cgroup_group.h"
#include "cgroup_v2.h"
#include "clone_into.h"
#include "spec.h"

/* The kernel's period of a quota, in microseconds. */
#define PERIOD 100000

enum form { FORM_NUMBER, FORM_QUOTA, FORM_QUOTA_AND_PERIOD };

/* What is counted, and where; divided by a number it is in our unit. */
struct count {
	const char *file, *key;
	uint64_t divisor;
};

/* Of one version, what holds a limit and what tells of it. */
struct version_row {
	const char *file; /* NULL: nothing is to be written */
	enum form form;
	const char *swap; /* takes memory and swap together, if it is there */
	bool swap_is_apart; /* it takes swap alone */
	struct count hits, sum;
};

static const struct row {
	const char *name;
	enum limit limit;
	struct version_row version[2];
} rows[N_CGROUP_CONTROLLERS] = {
	[CGROUP_CPU] = {"cpu",
			LIMIT_CPUS,
			{{.file = "cpu.cfs_quota_us",
			  .form = FORM_QUOTA,
			  .hits = {"cpu.stat", "nr_throttled", 1},
			  .sum = {"cpu.stat", "throttled_time", 1000}},
			 {.file = "cpu.max",
			  .form = FORM_QUOTA_AND_PERIOD,
			  .hits = {"cpu.stat", "nr_throttled", 1},
			  .sum = {"cpu.stat", "throttled_usec", 1}}}},
	[CGROUP_CPUTIME] = {"cpuacct",
			    LIMIT_CPU_TIME,
			    {{.sum = {"cpuacct.usage", NULL, 1}},
			     {.sum = {"cpu.stat", "usage_usec", 1}}}},
	[CGROUP_MEMORY] = {"memory",
			   LIMIT_MEMORY,
			   {{.file = "memory.limit_in_bytes",
			     .swap = "memory.memsw.limit_in_bytes",
			     .hits = {"memory.oom_control", "oom_kill", 1},
			     .sum = {"memory.max_usage_in_bytes", NULL, 1}},
			    {.file = "memory.max",
			     .swap = "memory.swap.max",
			     .swap_is_apart = true,
			     .hits = {"memory.events", "oom_kill", 1},
			     .sum = {"memory.peak", NULL, 1}}}},
	[CGROUP_PIDS] =
		{"pids",
		 LIMIT_PIDS,
		 {{.file = "pids.max", .hits = {"pids.events", "max", 1}},
		  {.file = "pids.max", .hits = {"pids.events", "max", 1}}}},
};

struct member {
	struct cgroup_group group;
	unsigned version, controllers;
};

struct cgroup {
	struct member members[N_CGROUP_CONTROLLERS];
	size_t n;
	const struct member *born; /* the child of cgroup_clone() is; NULL */
	unsigned wanted;
	uint64_t values[N_CGROUP_CONTROLLERS]; /* as limits */
	char words[N_CGROUP_CONTROLLERS][160];
};

/*
 * This host or this caller cannot have it: the next best is taken.  Whatever
 * else fails refuses the launch.
 */
static bool is_missing(int error)
{
	static const int missing[] = {EACCES, EPERM,  EROFS,  ENOENT,
				      ENODEV, ENOSYS, EINVAL, EOPNOTSUPP,
				      EBUSY,  ERANGE, 0};
	size_t i;

	for (i = 0; missing[i]; i++)
		if (error == -missing[i])
			return true;
	return false;
}

static const struct version_row *row_of(const struct member *member, size_t i)
{
	return &rows[i].version[member->version - 1];
}

static void note_why(struct cgroup *cgroup, unsigned set, const char *what,
		     int error)
{
	size_t i;

	for (i = 0; i < N_CGROUP_CONTROLLERS; i++)
		if (set >> i & 1)
			snprintf(cgroup->words[i], sizeof(cgroup->words[i]),
				 "%.100s%s%s", what, error ? ": " : "",
				 error ? strerrordesc_np(-error) : "");
}

static void format(enum form form, uint64_t value, char *text, size_t size)
{
	uintmax_t quota = value * (PERIOD / 1000);

	if (form == FORM_NUMBER)
		snprintf(text, size, "%ju", (uintmax_t)value);
	else if (form == FORM_QUOTA)
		snprintf(text, size, "%ju", quota);
	else
		snprintf(text, size, "%ju %d", quota, PERIOD);
}

/* Without swap accounting there is no such file, and only memory is bound. */
static int write_swap(int fd, const struct version_row *row, const char *value)
{
	int error;

	if (!row->swap)
		return 0;
	error = cgroup_write(fd, row->swap, row->swap_is_apart ? "0" : value);
	return error == -ENOENT || error == -EOPNOTSUPP ? 0 : error;
}

static int write_limit(const struct member *member, size_t i, uint64_t value)
{
	const struct version_row *row = row_of(member, i);
	char text[48];
	int error;

	if (!row->file)
		return 0;
	format(row->form, value, text, sizeof(text));
	error = cgroup_write(member->group.fd, row->file, text);
	return error ? error : write_swap(member->group.fd, row, text);
}

/* Those of the set, and what they are bound to, whether it was asked or not. */
static int write_limits(struct cgroup *cgroup, struct member *member,
			const uint64_t *bounds, const char **file)
{
	size_t i;

	for (i = 0; i < N_CGROUP_CONTROLLERS; i++) {
		uint64_t value = bounds[i];
		int error;

		if (member->controllers >> i & 1 && cgroup->values[i] < value)
			value = cgroup->values[i];
		if (value == UINT64_MAX)
			continue;
		*file = row_of(member, i)->file;
		error = write_limit(member, i, value);
		if (error < 0)
			return error;
	}
	return 0;
}

static void note_held(struct cgroup *cgroup, const struct member *member)
{
	size_t i;

	for (i = 0; i < N_CGROUP_CONTROLLERS; i++) {
		const struct version_row *row = row_of(member, i);

		if (member->controllers >> i & 1)
			snprintf(cgroup->words[i], sizeof(cgroup->words[i]),
				 "cgroup v%u: %s", member->version,
				 row->file ? row->file : row->sum.file);
	}
}

/* Takes fd.  0 or -errno; *file says at what. */
static int add_member(struct cgroup *cgroup, unsigned version, int fd,
		      unsigned controllers, const uint64_t *bounds,
		      const char **file)
{
	struct member *member = &cgroup->members[cgroup->n];
	int error;

	*file = "make a cgroup";
	*member = (struct member){CGROUP_NO_GROUP, version, controllers};
	error = cgroup_group_make(&member->group, fd);
	if (error < 0) {
		close(fd);
		return error;
	}
	error = write_limits(cgroup, member, bounds, file);
	if (error < 0) {
		cgroup_group_remove(&member->group);
		cgroup_group_close(&member->group);
		return error;
	}
	cgroup->n++;
	note_held(cgroup, member);
	return 0;
}

static int try_v2(struct cgroup *cgroup, const struct cgroup_mount *mount,
		  unsigned wanted, const char **file)
{
	struct cgroup_base base;
	int error = cgroup_v2_base(mount, wanted, &base, file);

	if (error == 0)
		error = add_member(cgroup, 2, base.fd, base.controllers,
				   base.bounds, file);
	return error;
}

/* Its groups may have children and processes: the jail's is below our own. */
static int try_v1(struct cgroup *cgroup, const struct cgroup_mount *mount,
		  unsigned wanted, const char **file)
{
	uint64_t none[N_CGROUP_CONTROLLERS];
	int fd = cgroup_open_parent(mount->path);

	*file = mount->path;
	memset(none, 0xff, sizeof(none));
	return fd < 0 ? fd
		      : add_member(cgroup, 1, fd, wanted & mount->controllers,
				   none, file);
}

static unsigned held(const struct cgroup *cgroup)
{
	unsigned set = 0;
	size_t i;

	for (i = 0; i < cgroup->n; i++)
		set |= cgroup->members[i].controllers;
	return set;
}

static int try_mount(struct cgroup *cgroup, const struct cgroup_mount *mount,
		     struct err *err)
{
	unsigned wanted = cgroup->wanted & ~held(cgroup);
	const char *file = NULL;
	int error;

	if (mount->version == 1)
		wanted &= mount->controllers;
	if (wanted == 0)
		return 0;
	error = mount->version == 2 ? try_v2(cgroup, mount, wanted, &file)
				    : try_v1(cgroup, mount, wanted, &file);
	if (error == 0)
		return 0;
	if (!is_missing(error))
		return err_sys(err, -error, "cgroup below %s: %s", mount->path,
			       file);
	note_why(cgroup, wanted, file, error);
	return 0;
}

static int make_groups(struct cgroup *cgroup, struct err *err)
{
	auto_of(cgroup_mounts) struct cgroup_mounts *mounts = NULL;
	unsigned version;
	size_t i;

	if (cgroup_find(&mounts, err) < 0)
		return -1;
	note_why(cgroup, cgroup->wanted,
		 access("/proc/self/mountinfo", F_OK) < 0
			 ? "there is no /proc to find one by"
			 : "no cgroup hierarchy is mounted",
		 0);
	for (version = 2; version > 0; version--)
		for (i = 0; i < mounts->n; i++)
			if (mounts->items[i].version == version &&
			    try_mount(cgroup, &mounts->items[i], err) < 0)
				return -1;
	return 0;
}

static void note_wishes(struct cgroup *cgroup, const struct jail_limit *limits)
{
	size_t i;

	for (i = 0; i < N_CGROUP_CONTROLLERS; i++) {
		const struct jail_limit *limit = &limits[rows[i].limit];

		cgroup->values[i] = UINT64_MAX;
		if (!limit->is_set || limit->value == LIMIT_UNLIMITED)
			continue;
		cgroup->wanted |= 1u << i;
		cgroup->values[i] = limit->value;
	}
}

/* Nothing else keeps a program from using all processors. */
static int check_cpus(const struct cgroup *cgroup, struct err *err)
{
	if (!(cgroup->wanted & ~held(cgroup) & 1u << CGROUP_CPU))
		return 0;
	return err_set(err, ERR_HOST,
		       "limit cpus needs a cgroup, and there is none (%s); "
		       "--limit cpus=unlimited runs it without",
		       cgroup->words[CGROUP_CPU]);
}

int cgroup_try(const struct jail_limit *limits, bool in_place,
	       struct cgroup **out, struct err *err)
{
	struct cgroup wishes = {0};
	auto_of(cgroup) struct cgroup *cgroup = NULL;

	note_wishes(&wishes, limits);
	if (wishes.wanted == 0)
		return 0;
	cgroup = malloc(sizeof(*cgroup));
	if (!cgroup)
		return err_sys(err, ENOMEM, "cgroup");
	*cgroup = wishes;
	if (in_place)
		note_why(cgroup, cgroup->wanted,
			 "--exec: nobody would be left to remove a cgroup", 0);
	else if (make_groups(cgroup, err) < 0)
		return -1;
	*out = TAKE(cgroup);
	return 0;
}

int cgroup_make(const struct jail_limit *limits, bool in_place,
		struct cgroup **out, struct err *err)
{
	auto_of(cgroup) struct cgroup *cgroup = NULL;

	if (cgroup_try(limits, in_place, &cgroup, err) < 0 ||
	    (cgroup && check_cpus(cgroup, err) < 0))
		return -1;
	*out = TAKE(cgroup);
	return 0;
}

bool cgroup_has_group(const struct cgroup *cgroup)
{
	return cgroup && cgroup->n > 0;
}

static const struct row *find_row(enum limit limit, size_t *i)
{
	for (*i = 0; *i < N_CGROUP_CONTROLLERS; (*i)++)
		if (rows[*i].limit == limit)
			return &rows[*i];
	return NULL;
}

bool cgroup_holds(const struct cgroup *cgroup, enum limit limit)
{
	size_t i;

	return cgroup && find_row(limit, &i) && held(cgroup) >> i & 1;
}

const char *cgroup_words(const struct cgroup *cgroup, enum limit limit)
{
	size_t i;

	return cgroup && find_row(limit, &i) ? cgroup->words[i] : "";
}

/* The child sees born, in our memory: it is set before there is a child. */
pid_t cgroup_clone(struct cgroup *cgroup, const struct clone_request *request)
{
	pid_t pid = -1;
	size_t i;

	for (i = 0; cgroup && i < cgroup->n; i++)
		if (cgroup->members[i].version == 2)
			cgroup->born = &cgroup->members[i];
	if (cgroup && cgroup->born)
		pid = clone_into(cgroup->born->group.fd, request);
	if (pid > 0)
		return pid;
	if (cgroup)
		cgroup->born = NULL;
	return clone(request->child, request->stack + request->stack_size,
		     (int)request->flags | SIGCHLD, request->arg, NULL, NULL,
		     request->alive);
}

int cgroup_join(const struct cgroup *cgroup)
{
	size_t i;

	for (i = 0; cgroup && i < cgroup->n; i++) {
		const struct member *member = &cgroup->members[i];

		if (member != cgroup->born &&
		    write(member->group.procs_fd, "0", 1) < 0)
			return -errno;
	}
	return 0;
}

static bool read_count(int fd, const struct count *count, uint64_t *value)
{
	if (!count->file ||
	    !cgroup_read_number(fd, count->file, count->key, value))
		return false;
	*value /= count->divisor;
	return true;
}

static const struct member *member_with(const struct cgroup *cgroup, size_t i)
{
	size_t m;

	for (m = 0; cgroup && m < cgroup->n; m++)
		if (cgroup->members[m].controllers >> i & 1)
			return &cgroup->members[m];
	return NULL;
}

/* One count of the controller that has it, if the jail has that. */
static void read_one(const struct cgroup *cgroup, size_t i, bool is_sum,
		     uint64_t *value)
{
	const struct member *member = member_with(cgroup, i);
	auto_close int fd = -1;

	*value = UINT64_MAX;
	if (!member)
		return;
	fd = cgroup_group_open(&member->group);
	if (fd < 0 || !read_count(fd,
				  is_sum ? &row_of(member, i)->sum
					 : &row_of(member, i)->hits,
				  value))
		*value = UINT64_MAX;
}

bool cgroup_cpu_time(const struct cgroup *cgroup, uint64_t *nanoseconds)
{
	const struct member *member = member_with(cgroup, CGROUP_CPUTIME);

	read_one(cgroup, CGROUP_CPUTIME, true, nanoseconds);
	if (*nanoseconds == UINT64_MAX)
		return false;
	if (member->version == 2) /* it counts in microseconds */
		*nanoseconds *= 1000;
	return true;
}

void cgroup_kill(const struct cgroup *cgroup)
{
	size_t i;

	for (i = 0; cgroup && i < cgroup->n; i++)
		cgroup_group_kill(&cgroup->members[i].group);
}

size_t cgroup_fds(const struct cgroup *cgroup, int fds[CGROUP_MOST_FDS])
{
	size_t i, j;

	if (!cgroup)
		return 0;
	for (i = 0; i < cgroup->n; i++) {
		int fd = cgroup->members[i].group.parent_fd;

		for (j = i; j > 0 && fds[j - 1] > fd; j--)
			fds[j] = fds[j - 1];
		fds[j] = fd;
	}
	return cgroup->n;
}

void cgroup_read(const struct cgroup *cgroup, struct cgroup_use *use)
{
	*use = CGROUP_USE_UNKNOWN;
	if (!cgroup_has_group(cgroup))
		return;
	read_one(cgroup, CGROUP_MEMORY, false, &use->oom_kills);
	read_one(cgroup, CGROUP_MEMORY, true, &use->peak_bytes);
	read_one(cgroup, CGROUP_PIDS, false, &use->forks_refused);
	read_one(cgroup, CGROUP_CPU, false, &use->throttles);
	read_one(cgroup, CGROUP_CPU, true, &use->throttled_us);
}

int cgroup_remove(const struct cgroup *cgroup)
{
	int first = 0;
	size_t i;

	for (i = 0; cgroup && i < cgroup->n; i++) {
		int error = cgroup_group_remove(&cgroup->members[i].group);

		if (first == 0)
			first = error;
	}
	return first;
}

void cgroup_free(struct cgroup *cgroup)
{
	size_t i;

	if (!cgroup)
		return;
	cgroup_remove(cgroup);
	for (i = 0; i < cgroup->n; i++)
		cgroup_group_close(&cgroup->members[i].group);
	free(cgroup);
}
