#pragma once
/*
 * new_root: from the ramdisks' own root to /rootfs of the second one.
 *
 * The initial root of a kernel cannot be left by pivot_root(), and whoever is
 * in a chroot cannot make a user namespace.  So /rootfs becomes a mount, takes
 * the place of "/", and is entered: after that it is a root like any other.
 */
#include <stdbool.h>

#include "err.h"

/* Whether "/" is a ramdisk's, as it is for the first process alone. */
bool new_root_is_ramdisk(void);

/* That all of the ramdisks found room. */
int new_root_check(struct err *err);

int new_root_enter(struct err *err);

/* When all that is to be made in it has been. */
int new_root_close(struct err *err);
