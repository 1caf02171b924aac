#include "cgroup_find.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "array.h"
#include "fdio.h"
#include "mountinfo.h"

static const char *const names[N_CGROUP_CONTROLLERS] = {
	[CGROUP_CPU] = "cpu",
	[CGROUP_CPUTIME] = "cpuacct",
	[CGROUP_MEMORY] = "memory",
	[CGROUP_PIDS] = "pids",
};

unsigned cgroup_set(const char *list)
{
	unsigned set = 0;
	size_t i, len;

	for (; *list; list += len + (list[len] != '\0')) {
		len = strcspn(list, " ,\n");
		for (i = 0; i < N_CGROUP_CONTROLLERS; i++)
			if (strlen(names[i]) == len &&
			    strncmp(names[i], list, len) == 0)
				set |= 1u << i;
	}
	return set;
}

/*
 * "4:memory:/path", "0::/path": the path in the hierarchy that has one of these
 * controllers; none: in that of version 2.  Owned by the caller; NULL: none.
 */
static char *find_own(const char *own, unsigned controllers)
{
	auto_free char *copy = strdup(own);
	char *rest = copy, *line;

	while ((line = strsep(&rest, "\n"))) {
		char *list = strchr(line, ':');
		char *path = list ? strchr(list + 1, ':') : NULL;

		if (!path)
			continue;
		*path++ = '\0';
		list++;
		if (controllers ? (cgroup_set(list) & controllers) != 0
				: *list == '\0')
			return strdup(path);
	}
	return NULL;
}

/* What of our path is below the mount's root; "" if that is not known. */
static const char *below(const char *own, const char *root)
{
	size_t len = strcmp(root, "/") == 0 ? 0 : strlen(root);

	if (strncmp(own, "/..", 3) == 0 || strncmp(own, root, len) != 0 ||
	    (own[len] != '/' && own[len] != '\0'))
		return "";
	return strcmp(own + len, "/") == 0 ? "" : own + len;
}

static int add_mount(struct cgroup_mounts *mounts,
		     const struct mountinfo *mounted, unsigned version,
		     const char *own, struct err *err)
{
	unsigned controllers = version == 1 ? cgroup_set(mounted->options) : 0;
	auto_free char *path = NULL;
	struct cgroup_mount *mount;

	if (version == 1 && controllers == 0)
		return 0; /* of others */
	path = find_own(own, controllers);
	if (!path)
		return 0;
	mount = array_push(mounts->items, mounts->n);
	if (!mount)
		return err_sys(err, ENOMEM, "cgroups");
	mount->version = version;
	mount->controllers = controllers;
	mount->top = strlen(mounted->point);
	if (asprintf(&mount->path, "%s%s", mounted->point,
		     below(path, mounted->root)) < 0) {
		mount->path = NULL;
		return err_sys(err, ENOMEM, "cgroups");
	}
	return 0;
}

int cgroup_find_in(const char *mountinfo, const char *own,
		   struct cgroup_mounts **out, struct err *err)
{
	auto_of(cgroup_mounts) struct cgroup_mounts *mounts =
		calloc(1, sizeof(*mounts));
	auto_free char *copy = strdup(mountinfo);
	char *rest = copy, *line;

	if (!mounts || !copy)
		return err_sys(err, ENOMEM, "cgroups");
	while ((line = strsep(&rest, "\n"))) {
		struct mountinfo mounted;
		unsigned version;

		/* Most lines are of other file systems. */
		if (!strstr(line, " - cgroup") ||
		    !mountinfo_parse(line, &mounted) || !mounted.options)
			continue;
		version = strcmp(mounted.type, "cgroup2") == 0 ? 2 : 1;
		if (add_mount(mounts, &mounted, version, own, err) < 0)
			return -1;
	}
	*out = TAKE(mounts);
	return 0;
}

/* "" where there is no such file. */
static int read_text(const char *path, char **text, struct err *err)
{
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	int error;

	if (fd < 0 && errno != ENOENT && errno != EACCES)
		return err_sys(err, errno, "open %s", path);
	if (fd < 0) {
		*text = strdup("");
		return *text ? 0 : err_sys(err, ENOMEM, "cgroups");
	}
	error = fd_read_all(fd, MOUNTINFO_MOST, text, NULL);
	return error < 0 ? err_sys(err, -error, "read %s", path) : 0;
}

int cgroup_find(struct cgroup_mounts **out, struct err *err)
{
	auto_free char *mountinfo = NULL, *own = NULL;

	if (read_text(MOUNTINFO, &mountinfo, err) < 0 ||
	    read_text("/proc/self/cgroup", &own, err) < 0)
		return -1;
	return cgroup_find_in(mountinfo, own, out, err);
}

void cgroup_mounts_free(struct cgroup_mounts *mounts)
{
	size_t i;

	if (!mounts)
		return;
	for (i = 0; i < mounts->n; i++)
		free(mounts->items[i].path);
	free(mounts->items);
	free(mounts);
}
