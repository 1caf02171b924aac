#pragma once
/*
 * root_proc: the /proc of a jail.  It shows the pid namespace of whoever mounts
 * it, and of that only what the program may trace: not the keeper, its init.
 * Nothing in it can be written, executed, or opened as a device.
 */
#include "root_attempt.h"

/* Nowhere yet: a descriptor, or -errno.  Notes in attempt what it shows. */
int root_proc_make(struct root_attempt *attempt,
		   const struct root_place *place);

/* By mount(2), on a name in the working directory; 0 or -errno. */
int root_proc_mount(struct root_attempt *attempt,
		    const struct root_place *place, const char *name);
