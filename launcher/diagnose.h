#pragma once
/*
 * diagnose: why a program could not be executed, in words that say what to do.
 *
 * execve() has one errno for many causes: ENOENT is also said when the ELF
 * interpreter or that of "#!" is missing.  Run after the failure, in the
 * supervisor, looking beneath the root with the eyes of the jail's user.
 */
#include <stdbool.h>
#include <stdint.h>

#include "err.h"

struct jail_spec;

/*
 * program is an index of spec->programs, error the errno.  Fills err.  True:
 * the program was not found (exit status 127); false: it is there (126).
 */
bool diagnose_exec(const struct jail_spec *spec, uint32_t program, int error,
		   struct err *err);
