#pragma once
/*
 * digest: the SHA-256 of bytes that come piece by piece.
 */
#include <stddef.h>

#include "cleanup.h"
#include "err.h"

enum { DIGEST_HEX = 65 };

struct digest;

int digest_new(struct digest **out, struct err *err);
void digest_free(struct digest *digest);
DEFINE_AUTO(digest)

int digest_add(struct digest *digest, const void *data, size_t len,
	       struct err *err);

/* In hex; nothing can be added after. */
int digest_end(struct digest *digest, char hex[DIGEST_HEX], struct err *err);
