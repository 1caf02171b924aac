#pragma once
/*
 * oci_config: what an OCI image says about running it, as JSON: the launch
 * settings of the manifest in the image, as far as OCI has words for them.
 *
 * entry, env, workdir and run-as are told; limits, seccomp, net and need stay
 * in /.jail/manifest.  Without run-as the user is nobody, since none at all
 * would be root.
 */
#include <stddef.h>

#include "err.h"
#include "image_write.h"

/* layer: SHA-256 of the layer's tar, in hex.  text: the caller's. */
int oci_config_make(const struct tree *tree, const struct source *source,
		    const struct image_options *options, const char *layer,
		    char **text, struct err *err);
