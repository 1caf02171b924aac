#include "erofs_format.h"

#include <stddef.h>

#define CRC32C_REFLECTED 0x82F63B78u

uint32_t erofs_checksum(const void *block)
{
	const uint8_t *bytes = block;
	const size_t field = offsetof(struct erofs_super, checksum);
	uint32_t crc = ~0u;

	for (size_t i = 0; i < EROFS_BLOCK; i++) {
		crc ^= i >= field && i < field + 4 ? 0 : bytes[i];
		for (int bit = 0; bit < 8; bit++)
			crc = (crc >> 1) ^ (crc & 1 ? CRC32C_REFLECTED : 0);
	}
	return crc;
}
