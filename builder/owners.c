#include "owners.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "dpkg.h"
#include "rootfd.h"

enum { LIST_MAX = 64 << 20 };

static int compare_items(const void *a, const void *b)
{
	const struct owned *one = a, *other = b;

	return strcmp(one->path, other->path);
}

static int compare_path(const void *path, const void *item)
{
	return strcmp(path, ((const struct owned *)item)->path);
}

/* The first package that names a file has it: two only share directories. */
static int claim(struct owned *items, size_t n, const char *path,
		 const char *package)
{
	struct owned *item =
		bsearch(path, items, n, sizeof(*items), compare_path);

	if (!item || item->package)
		return 0;
	item->package = strdup(package);
	return item->package ? 0 : -1;
}

/* Lists say /bin/x where the file has been /usr/bin/x since the merge. */
static int claim_merged(struct owned *items, size_t n, const char *path,
			const char *package)
{
	static const char *const merged[] = {"/bin/", "/sbin/", "/lib"};
	auto_free char *real = NULL;

	for (size_t i = 0; i < sizeof(merged) / sizeof(*merged); i++) {
		if (strncmp(path, merged[i], strlen(merged[i])) != 0)
			continue;
		if (asprintf(&real, "/usr%s", path) < 0)
			return -1;
		return claim(items, n, real, package);
	}
	return 0;
}

static int read_list(int dir_fd, const char *file, struct owned *items,
		     size_t n)
{
	auto_free char *package = dpkg_package_of(file);
	auto_free char *text = NULL;
	char *rest = NULL;

	if (!package || root_read_file(dir_fd, file, LIST_MAX, &text, NULL) < 0)
		return 0;
	for (char *line = strtok_r(text, "\n", &rest); line;
	     line = strtok_r(NULL, "\n", &rest))
		if (claim(items, n, line, package) < 0 ||
		    claim_merged(items, n, line, package) < 0)
			return -1;
	return 0;
}

/* A path that is there several times was claimed once. */
static int share_claims(struct owned *items, size_t n)
{
	const char *package = NULL;

	for (size_t i = 0, k; i < n; i = k, package = NULL) {
		for (k = i; k < n && !strcmp(items[k].path, items[i].path); k++)
			package = items[k].package ? items[k].package : package;
		for (size_t j = i; package && j < k; j++)
			if (!items[j].package &&
			    !(items[j].package = strdup(package)))
				return -1;
	}
	return 0;
}

int owners_find(const struct source *source, struct owned *items, size_t n,
		struct err *err)
{
	int fd = root_open(source->root_fd, DPKG_INFO, O_RDONLY | O_DIRECTORY,
			   0);
	auto_closedir DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	qsort(items, n, sizeof(*items), compare_items);
	if (fd >= 0 && !dir)
		close(fd);
	while (dir && (entry = readdir(dir)))
		if (read_list(fd, entry->d_name, items, n) < 0)
			return err_sys(err, ENOMEM, "read " DPKG_INFO);
	if (share_claims(items, n) < 0)
		return err_sys(err, ENOMEM, "read " DPKG_INFO);
	return 0;
}

void owners_clear(struct owned *items, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(items[i].package);
}
