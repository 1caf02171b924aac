#include "policy_name.h"

#include <stddef.h>

const char *const policy_names[] = {"default",	 "strict", "cape",
				    "cape-deny", "none",   NULL};
