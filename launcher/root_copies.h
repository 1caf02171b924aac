#pragma once
/*
 * root_copies: what --copy brought, in a root with its mounts: each copy can be
 * seen, and what limits a place still does.
 */
#include "err.h"

struct jail_spec;
struct root_view;

/* The view is complete. */
int root_copies_check(const struct root_view *view,
		      const struct jail_spec *spec, struct err *err);
