#pragma once
/*
 * args: what a command line came to, ours or that of a guise (guise.h).
 */
#include <stdbool.h>

#include "image_open.h"
#include "oci_load.h"
#include "spec.h"

struct args {
	struct spec_flags spec;
	struct image_request image;
	const char *oci_file;
	struct oci_config oci; /* of it; all NULL without */
	const char *report, *tty, *completion;
	const char *program; /* our name in messages; NULL: jaillaunch */
	bool explain, verbose, quiet, help, version;
};

/* The lists; what they are of is not owned. */
void args_free(struct args *args);
