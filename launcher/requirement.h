#pragma once
/*
 * requirement: what --require LAYER[,LAYER] says has to be there.
 *
 * Names are those of layers, of namespaces ("pid", or "ns-pid"; the bare
 * "cgroup" is the layer), and of what else makes one launch stronger than
 * another.  Whether the kernel gives a listener ("itemised") shows only in the
 * program's process, and a launch fails there then (listener.h).
 */
#include <stdbool.h>
#include <stddef.h>

#include "err.h"
#include "opts.h"

struct plan;

/* ERR_USAGE: a name is none, and the nearest one. */
int requirements_read(const struct opt_list *lists, struct err *err);

/* ERR_HOST: the plan, which was prepared, lacks one of them, and why. */
int requirements_check(const struct opt_list *lists, const struct plan *plan,
		       struct err *err);

/* Is this one of those named? */
bool requirements_have(const struct opt_list *lists, const char *name);

/* All names there are; NULL behind the last. */
const char *requirement_name(size_t i);
