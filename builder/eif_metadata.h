#pragma once
/*
 * eif_metadata: the section of an enclave image that says what is in it, as
 * JSON.  It is not measured: nobody may act on it.
 */
#include <jansson.h>

#include "err.h"

struct eif_metadata {
	const char *image_name, *image_version;
	long long time; /* seconds since 1970 */
	const char *kernel_version;
	json_t *custom; /* an object, or NULL; stays the caller's */
};

/* The text, the caller's to free. */
int eif_metadata_make(const struct eif_metadata *metadata, char **text,
		      struct err *err);

/* ERR_INPUT when it is not what AWS's reader takes. */
int eif_metadata_read(const char *text, size_t len, const char *name,
		      json_t **out, struct err *err);
