#include "erofs_format.h"

#include <stddef.h>

#define CRC32C_REFLECTED 0x82F63B78u

uint32_t erofs_checksum(const void *block)
{
	const uint8_t *bytes = block;
	const size_t field = offsetof(struct erofs_super, checksum);
	uint32_t crc = ~0u, by_nibble[16];

	for (uint32_t i = 0; i < 16; i++) {
		by_nibble[i] = i;
		for (int bit = 0; bit < 4; bit++)
			by_nibble[i] =
				(by_nibble[i] >> 1) ^
				(by_nibble[i] & 1 ? CRC32C_REFLECTED : 0);
	}
	for (size_t i = 0; i < EROFS_BLOCK; i++) {
		crc ^= i >= field && i < field + 4 ? 0 : bytes[i];
		crc = (crc >> 4) ^ by_nibble[crc & 15];
		crc = (crc >> 4) ^ by_nibble[crc & 15];
	}
	return crc;
}
