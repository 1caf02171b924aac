#pragma once
/*
 * root_place: what is mounted in a root: made where it is nowhere yet, then
 * attached; by mount(2) in one step.
 */
#include <stdint.h>

#include "root_attempt.h"

/* MOUNT_ATTR_* of a place, and of the root itself. */
unsigned root_place_flags(const struct root_place *place);
unsigned root_flags(const struct root_view *view);

/*
 * For a mount that is nowhere yet: one in a detached tree cannot be changed.
 * Before mount_setattr() (5.12) it is the other way round.
 */
int root_set_flags(struct root_attempt *attempt, int fd, unsigned flags);

/* A new tmpfs with the size, mode and owner of a place.  Descriptor, -errno. */
int root_tmpfs_make(const struct root_place *place);

/* What a place is, nowhere yet.  Descriptor, or -errno. */
int root_place_make(struct root_attempt *attempt,
		    const struct root_place *place);

/* All of them, on the attempt's root; then the root's own flags. */
int root_places_attach(struct root_attempt *attempt);
