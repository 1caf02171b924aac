#pragma once
/*
 * root_place: what is mounted in a root: made where it is nowhere yet, then
 * attached; or by mount(2) in one step.
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

/* The nodes of a /dev, and directories and links for what is mounted below. */
int root_place_fill(const struct root_attempt *attempt, int dev_fd);

/* By mount(2), on names in the working directory; 0 or -errno. */
int root_place_mount(const struct root_place *place, const char *name);
int root_pts_mount(const struct root_place *place, const char *name);
int root_set_attached_flags(struct root_attempt *attempt, const char *name,
			    unsigned flags);
/*
 * A copy of a mount that is shared is so, too, and what is mounted on it would
 * appear on the first, to stay there.  root_set_flags() sees to it, if it can.
 */
int root_set_attached_private(struct root_attempt *attempt, const char *name);

/* The flags of a place that was attached; where the working directory is then
   is of no account. */
int root_finish_place(struct root_attempt *attempt,
		      const struct root_place *place);

/* All of them, on the attempt's root; then the root's own flags. */
int root_places_attach(struct root_attempt *attempt);
