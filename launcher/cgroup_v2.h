#pragma once
/*
 * cgroup_v2: in which group of the unified hierarchy a jail's group is made.
 *
 * Version 2 gives controllers only to the children of groups that hold no
 * process, so it cannot be the group that we are in, unless that is the root of
 * all.  It is the nearest group above it that hands the controllers on.  What
 * the groups that are left out on the way allow at most is said as bounds: a
 * jail gets no more than its launcher's groups do.
 */
#include <stdint.h>

#include "cgroup_find.h"

struct cgroup_base {
	int fd; /* to be closed by the caller */
	unsigned controllers; /* of those wanted, what a group there has */
	uint64_t bounds[N_CGROUP_CONTROLLERS]; /* UINT64_MAX: none; as limits */
};

/*
 * 0 or -errno; then *file says at what, in words.  Controllers that are not in
 * this hierarchy at all (they may be mounted as version 1) are left out.
 */
int cgroup_v2_base(const struct cgroup_mount *mount, unsigned wanted,
		   struct cgroup_base *base, const char **file);
