#pragma once
/*
 * root_attempt: one method (root_mount.c) at work.  What it holds is closed
 * when it is over, but for the root that it made.
 */
#include <stdbool.h>

#include "root_mount.h"
#include "root_view.h"

struct root_sources;

struct root_attempt {
	const struct root_view *view;
	struct root_sources *sources; /* of all attempts together */
	int base; /* what root, lower and upper hang on; -1: nothing */
	int root; /* the jail's "/" */
	int upper; /* layer of a writable root */
	int *mounts; /* of the places, until they are attached */
	bool has_late_flags, keeps_old_root;
	enum root_proc proc; /* as it was mounted */
	unsigned step; /* that failed */
};

/* The value of a call: 0 or -errno.  Notes which step it was if it failed. */
#define ROOT_FAIL(attempt, number, call)                                       \
	__extension__({                                                        \
		int error_ = (call);                                           \
		if (error_ < 0)                                                \
			(attempt)->step = (number);                            \
		error_;                                                        \
	})
