#pragma once
/*
 * root_namespace: a mount namespace of the jail's own, and the way back to
 * where we were, should it come to nothing.
 */
#include <stdbool.h>

#include "root_attempt.h"

struct root_origin {
	bool is_left; /* else there is nothing to come back from */
	int namespace_fd; /* -1: there is no /proc, and no way back */
	int root, here; /* then: as the copy of the mounts has them */
};

/* Notes where we are: to be freed. */
void root_origin_take(struct root_origin *origin);
void root_origin_free(struct root_origin *origin);

/* A private copy of the mounts: what is mounted in it is seen nowhere else. */
int root_namespace_enter(struct root_attempt *attempt,
			 struct root_origin *origin);

/* The base becomes the namespace's root, and the host's mounts leave it. */
int root_namespace_pivot(struct root_attempt *attempt);

/*
 * Back to the origin, as if nothing had been tried.  Without /proc we stay in
 * the copy, but nothing is left of what was mounted in it; what was opened
 * before cannot be mounted there, only what paths lead to (root_sources.h).
 */
int root_namespace_leave(struct root_attempt *attempt,
			 const struct root_origin *origin);
