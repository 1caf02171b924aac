#pragma once
/*
 * cgroup_group: one control group, made for one jail in a hierarchy.
 *
 * It is a directory "jailwright-PID-N" that only its owner can open, and is locked for
 * as long as its launcher lives: one that is found unlocked was left by a
 * launcher that was killed, and is removed with all that still runs in it.
 */
#include <stdbool.h>
#include <stdint.h>

#include "err.h"

struct cgroup_group {
	int parent_fd; /* of the directory that it is in */
	int fd; /* its own; holds the lock */
	int procs_fd; /* what is written there joins */
	char name[32];
};

/* The empty value. */
#define CGROUP_NO_GROUP ((struct cgroup_group){-1, -1, -1, ""})

/*
 * A directory of a mounted hierarchy, by its path; -errno; -ENODEV: something
 * else is mounted over it.  No number below 16, so that a process may give the
 * low ones another meaning.
 */
int cgroup_open_parent(const char *path);

/*
 * Removes what was left there, and makes a group.  Takes parent_fd on success.
 * 0 or -errno.
 */
int cgroup_group_make(struct cgroup_group *group, int parent_fd);

/* 0 or -errno. */
int cgroup_write(int dir_fd, const char *file, const char *text);

/* Reads a small file whole; 0 or -errno. */
int cgroup_read_text(int dir_fd, const char *file, char *text, unsigned size);

/*
 * A number in a file: the one behind a key at the start of a line, or, without
 * a key, the first.  "max" is UINT64_MAX.  False: not there.
 */
bool cgroup_read_number(int dir_fd, const char *file, const char *key,
			uint64_t *value);

/* The rest needs nothing but the parent's descriptor, and does not allocate. */

/* -errno: it cannot be looked into. */
int cgroup_group_open(const struct cgroup_group *group);

/*
 * As far as the kernel can do it by itself: whoever is in it can no longer
 * fork, and dies.
 */
void cgroup_group_kill(const struct cgroup_group *group);

/* Waits for a moment for the last to be gone.  0 or -errno. */
int cgroup_group_remove(const struct cgroup_group *group);

/* Closes what is open; the group stays. */
void cgroup_group_close(struct cgroup_group *group);
