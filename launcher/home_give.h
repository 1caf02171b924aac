#pragma once
/*
 * home_give: the home in an image that was unpacked for one jail goes from the
 * user that the image knows to the uid that the jail has (own_uid.h).
 */
#include "err.h"

struct jail_spec;

/*
 * 1: it has files, and nobody but the user may enter it.  (An empty one will be
 * covered by a fresh file system.)  0, or -1.
 */
int home_is_closed(const struct jail_spec *spec, struct err *err);

/* What the user owns there, following nothing.  The tree is the jail's own. */
int home_give(const struct jail_spec *spec, struct err *err);
