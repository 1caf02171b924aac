#pragma once
/*
 * device_pin: a file system with the nodes of --dev, made once and held for
 * later launches by a mount below /run/jailwright/devices, which only root can
 * enter: what is there does not change, and jails get read-only copies of the
 * mount.
 */
#include <stdbool.h>

#include "err.h"

/*
 * A descriptor of the mount with exactly the devices of a list (devices.h);
 * -1: there is none, and may be or could be none: make one for this jail.
 */
int device_pin_open(const char *list, bool may_make);

/* Jails that run keep what they have; the next launch makes a new one. */
int device_pin_remove_all(struct err *err);
