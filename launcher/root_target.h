#pragma once
/*
 * root_target: where in a root something is to be mounted.  No link on the way
 * is followed: the image does not say what lies where.
 */
#include "root_view.h"

/*
 * The directory or file that a place is mounted on, which is made unless it is
 * there.  A descriptor (O_PATH), or -errno.
 */
int root_target_open(int root, const struct root_place *place);

/*
 * Its parent becomes the working directory, for calls that take a path: its
 * last name, or NULL with errno set.  It has been opened: it is there.
 */
const char *root_target_enter(int root, const struct root_place *place);
