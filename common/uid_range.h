#pragma once
/*
 * uid_range: "FIRST-LAST", the uids that jails may have, each its own.
 */
#include <sys/types.h>

#include "err.h"

struct uid_range {
	uid_t first, last; /* both included; neither root nor (uid_t)-1 */
};

int uid_range_parse(const char *text, struct uid_range *out, struct err *err);
