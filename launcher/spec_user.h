#pragma once
/*
 * spec_user: who the jail's program is, and that nobody becomes root unasked.
 */
#include <stdbool.h>

#include "spec.h"

/* What the manifests and options agreed on; borrowed. */
struct user_wish {
	const char *name, *uid_pool; /* or NULL */
	bool image_pool; /* the image's word, nobody's else */
};

int spec_user(const struct user_wish *wish, const struct spec_flags *flags,
	      struct jail_spec *spec, struct err *err);
