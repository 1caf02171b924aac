#pragma once
/*
 * root_requests: the mounts in a jail's root that --tmpfs and --bind ask for.
 */
#include "err.h"

struct jail_spec;
struct root_view;

/* 0, or -1: one of them cannot be understood, or cannot be had. */
int root_requests_add(struct root_view *view, const struct jail_spec *spec,
		      struct err *err);
