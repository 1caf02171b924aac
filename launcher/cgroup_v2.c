#include "cgroup_v2.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cgroup_group.h"

#define SUBTREE "cgroup.subtree_control"

/* What can be handed on, and where a group says what it is bound to. */
static const struct {
	const char *name, *bound;
} rows[N_CGROUP_CONTROLLERS] = {
	[CGROUP_CPU] = {"cpu", "cpu.max"},
	[CGROUP_CPUTIME] = {NULL, NULL}, /* counted in every group */
	[CGROUP_MEMORY] = {"memory", "memory.max"},
	[CGROUP_PIDS] = {"pids", "pids.max"},
};

static int read_set(int fd, const char *file, unsigned *set)
{
	char text[512];
	int error = cgroup_read_text(fd, file, text, sizeof(text));

	if (error == 0)
		*set = cgroup_set(text);
	return error;
}

/* Thousandths of a processor. */
static bool read_cpus(int fd, uint64_t *value)
{
	unsigned long long quota, period;
	char text[64], *end;

	if (cgroup_read_text(fd, "cpu.max", text, sizeof(text)) < 0)
		return false;
	quota = strtoull(text, &end, 10);
	if (end == text || *end != ' ')
		return false; /* "max" is no number */
	period = strtoull(end + 1, &end, 10);
	if (period == 0)
		return false;
	*value = quota * 1000 / period;
	return true;
}

/* Lowers the bounds to those of a group that the jail will not be in. */
static void note_bounds(int fd, uint64_t *bounds)
{
	size_t i;

	for (i = 0; i < N_CGROUP_CONTROLLERS; i++) {
		uint64_t value;
		bool is_there = !rows[i].bound ? false
				: i == CGROUP_CPU
					? read_cpus(fd, &value)
					: cgroup_read_number(fd, rows[i].bound,
							     NULL, &value);

		if (is_there && value < bounds[i])
			bounds[i] = value;
	}
}

/* 0 or -errno of the first that cannot be. */
static int hand_on(int fd, unsigned missing)
{
	size_t i;

	for (i = 0; i < N_CGROUP_CONTROLLERS; i++) {
		char text[16];
		int error;

		if (!(missing >> i & 1))
			continue;
		snprintf(text, sizeof(text), "+%s", rows[i].name);
		error = cgroup_write(fd, SUBTREE, text);
		if (error < 0)
			return error;
	}
	return 0;
}

/*
 * From our group up.  A group below the top is taken as it is: who made it says
 * what it hands on.  Above the top there is nobody to ask.
 */
static int climb(const struct cgroup_mount *mount, char *path, unsigned needed,
		 struct cgroup_base *base)
{
	size_t end = strlen(path);

	for (;;) {
		bool is_top = end <= mount->top;
		unsigned handed = 0;
		int fd, error;

		path[end] = '\0';
		fd = cgroup_open_parent(path);
		if (fd < 0)
			return fd;
		error = read_set(fd, SUBTREE, &handed);
		if (error == 0 && is_top)
			error = hand_on(fd, needed & ~handed);
		if (error == 0 && (is_top || (needed & ~handed) == 0)) {
			base->fd = fd;
			return 0;
		}
		note_bounds(fd, base->bounds);
		close(fd);
		if (error < 0)
			return error;
		while (path[--end] != '/')
			continue;
	}
}

int cgroup_v2_base(const struct cgroup_mount *mount, unsigned wanted,
		   struct cgroup_base *base, const char **file)
{
	auto_free char *path = strdup(mount->path);
	unsigned offered = 0, counted = 1u << CGROUP_CPUTIME;
	int fd, error;

	*file = "cgroup.controllers";
	*base = (struct cgroup_base){.fd = -1};
	memset(base->bounds, 0xff, sizeof(base->bounds));
	if (!path)
		return -ENOMEM;
	path[mount->top] = '\0';
	fd = cgroup_open_parent(path);
	if (fd < 0)
		return fd;
	error = read_set(fd, "cgroup.controllers", &offered);
	close(fd);
	if (error < 0)
		return error;
	base->controllers = wanted & (offered | counted);
	if (base->controllers == 0)
		return -EOPNOTSUPP;
	strcpy(path, mount->path);
	*file = SUBTREE;
	return climb(mount, path, base->controllers & ~counted, base);
}
