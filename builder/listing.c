#include "listing.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "array.h"
#include "rootfd.h"

void listing_free(struct listing *listing)
{
	if (!listing)
		return;
	for (size_t i = 0; i < listing->n; i++)
		free(listing->names[i]);
	free(listing->names);
	if (listing->fd >= 0)
		close(listing->fd);
	free(listing);
}

static int compare(const void *a, const void *b)
{
	char *const *first = a, *const *second = b;

	return strcmp(*first, *second);
}

static int read_names(struct listing *listing, DIR *dir)
{
	struct dirent *entry;
	char **place;

	while (errno = 0, (entry = readdir(dir))) {
		if (strcmp(entry->d_name, ".") == 0 ||
		    strcmp(entry->d_name, "..") == 0)
			continue;
		place = array_push(listing->names, listing->n);
		if (!place)
			return -ENOMEM;
		*place = strdup(entry->d_name);
		if (!*place)
			return -ENOMEM;
	}
	return -errno;
}

int listing_open(const struct source *source, const char *path,
		 struct listing **out)
{
	auto_of(listing) struct listing *listing = calloc(1, sizeof(*listing));
	auto_closedir DIR *dir = NULL;
	int fd, error;

	if (!listing)
		return -ENOMEM;
	listing->fd = root_open(source->root_fd, path,
				O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
	if (listing->fd < 0)
		return listing->fd;
	fd = fcntl(listing->fd, F_DUPFD_CLOEXEC, 3);
	if (fd < 0)
		return -errno;
	dir = fdopendir(fd);
	if (!dir) {
		error = -errno;
		close(fd);
		return error;
	}
	error = read_names(listing, dir);
	if (error < 0)
		return error;
	if (listing->n)
		qsort(listing->names, listing->n, sizeof(char *), compare);
	*out = TAKE(listing);
	return 0;
}
