#pragma once
/*
 * capability: names of capabilities as a set of bits.
 */
#include <linux/securebits.h>
#include <stdint.h>

#include "capability_names.h"
#include "err.h"

/*
 * "chown,cap_net_raw" (with or without "cap_", any case), "none".  ERR_USAGE
 * for a name that is none, with the nearest one, after the option's name.
 */
int capabilities_parse(const char *option, const char *list, uint64_t *set,
		       struct err *err);

/* Do we have it now?  1, 0, or -errno. */
int capability_is_effective(unsigned number);

/* uid 0 is just a number, and nothing (more) becomes ambient; for good. */
#define SECUREBITS_OF_A_USER                                                   \
	(SECBIT_NOROOT | SECBIT_NOROOT_LOCKED |                                \
	 SECBIT_NO_SETUID_FIXUP_LOCKED | SECBIT_KEEP_CAPS_LOCKED |             \
	 SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED)
