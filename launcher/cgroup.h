#pragma once
/*
 * cgroup: the control groups of one jail: made by the supervisor before the
 * jail, joined by the program's process before it has given up anything, and
 * removed by the keeper, or whoever of the two is left.
 *
 * Version 2 is preferred, version 1 taken where a controller is only there;
 * what neither can hold is left to resource limits, with the reason.  A jail for
 * which nothing is asked that needs a group gets none.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "cleanup.h"
#include "err.h"
#include "limit.h"

struct cgroup;
struct clone_request;
struct jail_limit;

/* More descriptors than this a keeper does not need for it. */
#define CGROUP_MOST_FDS 4

/* What came of the limits; UINT64_MAX: cannot be known.  Crosses a pipe. */
struct cgroup_use {
	uint64_t oom_kills, forks_refused, peak_bytes;
	uint64_t throttles, throttled_us; /* a last one is not in the time */
};
#define CGROUP_USE_UNKNOWN                                                     \
	((struct cgroup_use){UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX,   \
			     UINT64_MAX})

/*
 * *out stays NULL if nothing is asked for.  ENOMEM, ENOSPC and the like are
 * errors: nobody gets a lesser jail by using something up.
 */
int cgroup_make(const struct jail_limit *limits, bool in_place,
		struct cgroup **out, struct err *err);

/* The same for who only looks: what only a group can hold may be held by none. */
int cgroup_try(const struct jail_limit *limits, bool in_place,
	       struct cgroup **out, struct err *err);

/* All take NULL, too. */

/* Is this limit held by a group? */
bool cgroup_holds(const struct cgroup *cgroup, enum limit limit);
bool cgroup_has_group(const struct cgroup *cgroup);

/* By what, or why it is not; "" if it was not asked for. */
const char *cgroup_words(const struct cgroup *cgroup, enum limit limit);

/* System calls only, from here to cgroup_remove(). */

/*
 * clone() of a child that will join.  Where the kernel can, it is born in the
 * group of version 2.
 */
pid_t cgroup_clone(struct cgroup *cgroup, const struct clone_request *request);

/* The calling process joins those that it was not born in.  0 or -errno. */
int cgroup_join(const struct cgroup *cgroup);

/* Processor time that was used, in nanoseconds.  False: it is not counted. */
bool cgroup_cpu_time(const struct cgroup *cgroup, uint64_t *nanoseconds);

/* The jail's end: nobody in it can fork any more. */
void cgroup_kill(const struct cgroup *cgroup);

/* The descriptors that all but joining needs, ascending.  How many. */
size_t cgroup_fds(const struct cgroup *cgroup, int fds[CGROUP_MOST_FDS]);
void cgroup_read(const struct cgroup *cgroup, struct cgroup_use *use);

/* 0 or -errno; what is gone already is no error. */
int cgroup_remove(const struct cgroup *cgroup);

/* Removes it, if that was not done. */
void cgroup_free(struct cgroup *cgroup);
DEFINE_AUTO(cgroup)
