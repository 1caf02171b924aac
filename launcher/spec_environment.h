#pragma once
/*
 * spec_environment: the variables that a program gets.  Weakest first: the
 * caller's (--keep-env), the jail's own, the image's, the spec file's, flags.
 */
#include "spec.h"

int spec_environment(const struct spec_input *input,
		     const struct manifest *spec_file, struct jail_spec *spec,
		     struct err *err);
