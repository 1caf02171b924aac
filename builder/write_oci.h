#pragma once
/*
 * write_oci: a tree as an OCI image layout, a directory of blobs that are named
 * by their digests, for umoci, skopeo, podman and their like.
 *
 * Its one layer is the mountable tar itself, uncompressed: its blob has the
 * image's identity as its name, and its bytes depend on no compressor.
 */
#include "image_write.h"

int write_oci(const struct tree *tree, const struct source *source,
	      const struct image_options *options, struct err *err);
