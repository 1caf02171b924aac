#pragma once
/*
 * modules: the kernel modules of the first ramdisk, loaded in the order of its
 * file /modules, and removed from memory afterwards.
 */
#include <stdbool.h>

#include "err.h"

/* is_nsm: the Nitro Security Module's driver was among them. */
int modules_load(bool *is_nsm, struct err *err);

/*
 * Its device becomes root's alone: whoever can open it can have the enclave's
 * identity attested.  One that is expected, because its driver was just loaded,
 * may take a moment.  None is no failure: *is_there says so.
 */
int modules_close_nsm(const char *device, bool is_expected, bool *is_there,
		      struct err *err);
