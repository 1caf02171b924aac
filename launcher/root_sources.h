#pragma once
/*
 * root_sources: the paths of what a root is made of.  mount(2) takes paths, and
 * in a new mount namespace what was opened before is of no use to it.  They are
 * found as long as we are in the namespace in which it was opened.
 */
#include <stdbool.h>

struct root_view;

struct root_sources {
	bool is_found;
	char *root, *persist; /* NULL: nowhere, or not wanted */
};

/* Only once: what was found stays. */
void root_sources_find(struct root_sources *sources,
		       const struct root_view *view);
void root_sources_free(struct root_sources *sources);
