#pragma once
/*
 * image_cache: the plan's own /etc/ld.so.cache, with the libraries that are
 * found in the source by its cache, or by a program's own $ORIGIN (which needs
 * /proc), or by name in a `lib` entry.
 */
#include "err.h"
#include "plan.h"

/* ERR_MANIFEST when two libraries of one name would have to be in it. */
int image_cache_add(struct plan *plan, struct err *err);
