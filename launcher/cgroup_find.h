#pragma once
/*
 * cgroup_find: where the control groups of this process are, by what the
 * kernel says in /proc/self/mountinfo and /proc/self/cgroup.
 */
#include <stddef.h>

#include "cleanup.h"
#include "err.h"

/* What can be held by a group; the bit of each in a set. */
enum cgroup_controller {
	CGROUP_CPU,
	CGROUP_CPUTIME, /* only counted: cpuacct, or version 2 by itself */
	CGROUP_MEMORY,
	CGROUP_PIDS,
	N_CGROUP_CONTROLLERS,
};

/* A hierarchy that is mounted, and the group in it that we are in. */
struct cgroup_mount {
	unsigned version; /* 1 or 2 */
	unsigned controllers; /* version 1: those that are mounted there */
	char *path; /* of our group */
	size_t top; /* so many bytes of it are the mount point */
};

struct cgroup_mounts {
	struct cgroup_mount *items;
	size_t n;
};

/* The set of controllers of which a list (by spaces or commas) has the names. */
unsigned cgroup_set(const char *list);

/* By the texts of these two files.  Nothing found is no error. */
int cgroup_find_in(const char *mountinfo, const char *own,
		   struct cgroup_mounts **out, struct err *err);

/* By the files themselves; without /proc nothing is found. */
int cgroup_find(struct cgroup_mounts **out, struct err *err);
void cgroup_mounts_free(struct cgroup_mounts *mounts);
DEFINE_AUTO(cgroup_mounts)
