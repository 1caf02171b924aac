#include "packing.h"

#include <string.h>

static const struct {
	enum packing packing;
	uint8_t magic[PACKING_PREFIX];
	unsigned n_magic;
	uint8_t mask; /* of the first byte */
} prefixes[] = {
	{PACKING_GZIP, {0x1f, 0x8b}, 2, 0xff},
	{PACKING_XZ, "\xfd\x37zXZ", 6, 0xff},
	{PACKING_ZSTD, {0x28, 0xb5, 0x2f, 0xfd}, 4, 0xff},
	/* a frame to skip, which parallel packers put first */
	{PACKING_ZSTD, {0x50, 0x2a, 0x4d, 0x18}, 4, 0xf0},
};

enum packing packing_of(const uint8_t *data, size_t len)
{
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (len >= prefixes[i].n_magic &&
		    (data[0] & prefixes[i].mask) == prefixes[i].magic[0] &&
		    memcmp(data + 1, prefixes[i].magic + 1,
			   prefixes[i].n_magic - 1) == 0)
			return prefixes[i].packing;
	return PACKING_NONE;
}
