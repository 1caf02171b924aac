#pragma once
/*
 * packing: how a file is compressed, as its first bytes say.
 */
#include <stddef.h>
#include <stdint.h>

enum packing { PACKING_NONE, PACKING_GZIP, PACKING_XZ, PACKING_ZSTD };

#define PACKING_PREFIX 6 /* bytes that it takes to tell */

enum packing packing_of(const uint8_t *data, size_t len);
