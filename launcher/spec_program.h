#pragma once
/*
 * spec_program: what is executed, from which directory, and where it may lie.
 */
#include "spec.h"

/*
 * argv as it was typed, or is the image's entry; workdir NULL: "/".  Fills in
 * argv, workdir and programs; after spec_environment(), whose PATH says where a
 * name without slash is looked for.
 */
int spec_program(char *const *argv, size_t n_argv, const char *workdir,
		 struct jail_spec *spec, struct err *err);
