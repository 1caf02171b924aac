#pragma once
/*
 * layer: one step of confinement.  layers.c lists them in the order in which
 * they are applied; docs/LAYERS.md has a section on each.
 *
 * probe and prepare run in the supervisor and may allocate; apply runs in the
 * child, which shares memory with its parent until it executes the program:
 * system calls on prepared data and nothing else.
 */
#include <stdbool.h>
#include <stddef.h>

#include "err.h"

struct jail_spec;
struct root_choice;
struct syscall_guard;

struct layer {
	const char *name;
	const char *denies; /* what the program can no longer do */
	/* Instead of that, where it depends on the launch; or NULL. */
	const char *(*describe)(const struct jail_spec *spec);
	/* What apply does, by number of the step; NULL-terminated. */
	const char *const *steps;
	/* Instead of that, where there are as many as the spec says; or NULL. */
	void (*name_step)(const struct jail_spec *spec, unsigned step,
			  char *out, size_t size);
	/*
	 * Wanted? Possible?  1: yes; 0: left out, and err says why; -1: wanted
	 * and impossible.  No side effects.  NULL: always 1.
	 */
	int (*probe)(const struct jail_spec *spec, struct err *err);
	int (*prepare)(const struct jail_spec *spec, void **state,
		       struct err *err);
	/* Of clone(), for the process that starts the program; NULL: 0. */
	unsigned long (*clone_flags)(const struct jail_spec *spec);
	/*
	 * In the process that starts the program, before it does (the keeper;
	 * with --exec the launcher): what may allocate and needs the program's
	 * surroundings to change.  0, -errno, or layer_failed().
	 */
	int (*enter)(void *state, struct root_choice *choice);
	/* 0, -errno, or layer_failed(step, errno). */
	int (*apply)(const void *state);
	/* Of the layer that refuses system calls: who is told of them. */
	const struct syscall_guard *(*guard)(const void *state);
	/*
	 * Of the layer that bounds what the jail may write: a directory for the
	 * keeper to hold until the program has ended, or -1; and whether all of
	 * it is used then, which is asked while that is open.
	 */
	int (*hold)(const void *state);
	bool (*is_full)(const void *state);
	/*
	 * In the keeper, when the program has ended; if nothing is to be held,
	 * when its process exists: what its root was made of can be closed.
	 */
	void (*let_go)(void *state);
	/* A descriptor whose lock the keeper has to keep to the end, or -1. */
	int (*lock)(const void *state);
	void (*release)(void *state);
};

/* The order of confinement; NULL-terminated. */
extern const struct layer *const layers[];

extern const struct layer layer_cgroup, layer_output, layer_session, layer_fds,
	layer_root, layer_namespaces, layer_rlimits, layer_bounding, layer_ids,
	layer_caps, layer_nonewprivs, layer_landlock, layer_seccomp;

/* An apply that has several steps says which of them failed. */
#define LAYER_STEP_SHIFT 12

static inline int layer_failed(unsigned step, int error)
{
	return -(int)(step << LAYER_STEP_SHIFT | (unsigned)error);
}

/* The prepare of a layer that needs no more than the spec; it has no release. */
static inline int layer_keep_spec(const struct jail_spec *spec, void **state,
				  struct err *err)
{
	/* apply gets it back as const. */
	union {
		const struct jail_spec *spec;
		void *state;
	} either = {spec};

	(void)err;
	*state = either.state;
	return 0;
}
