#pragma once
/*
 * sha256: SHA-256 (FIPS 180-4), for programs that link no library.
 */
#include <stddef.h>
#include <stdint.h>

#define SHA256_HEX_SIZE 65 /* with the NUL */

struct sha256 {
	uint32_t state[8];
	uint64_t bytes;
	uint8_t block[64]; /* bytes % 64 of them wait to be a whole one */
};

void sha256_init(struct sha256 *hash);
void sha256_add(struct sha256 *hash, const void *data, size_t len);

/* The digest of all that was added, in lower case; hash is used up. */
void sha256_hex(struct sha256 *hash, char hex[SHA256_HEX_SIZE]);
