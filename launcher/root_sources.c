#include "root_sources.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "root_view.h"

/* Changes the working directory. */
static char *path_of(int fd)
{
	char *path = fd >= 0 && fchdir(fd) == 0 ? getcwd(NULL, 0) : NULL;

	if (path && *path == '/')
		return path;
	free(path);
	return NULL;
}

static void find_by_descriptors(struct root_sources *sources,
				const struct root_view *view)
{
	auto_close int here = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);

	sources->root = path_of(view->root_fd);
	sources->persist = path_of(view->persist_fd);
	if (here < 0 || fchdir(here) < 0)
		root_sources_free(sources);
}

void root_sources_find(struct root_sources *sources,
		       const struct root_view *view)
{
	if (sources->is_found)
		return;
	if (view->is_rootless) {
		sources->root = strdup(view->root_path);
		sources->persist =
			view->persist_path ? strdup(view->persist_path) : NULL;
	} else {
		find_by_descriptors(sources, view);
	}
	sources->is_found = true;
}

void root_sources_free(struct root_sources *sources)
{
	free(sources->root);
	free(sources->persist);
	*sources = (struct root_sources){0};
}
