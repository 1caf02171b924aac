#pragma once
/*
 * mend_tar: what starts like a tar gets headers whose checksums are right: else
 * a reader would look at nothing but the first.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 512, CHECKSUM = 148, SIZE = 124, MAGIC = 257 };

static inline void mend_header(uint8_t *header)
{
	unsigned sum = 0;

	memset(header + CHECKSUM, ' ', 8);
	for (size_t i = 0; i < BLOCK; i++)
		sum += header[i];
	/* six octal digits and a NUL; the blank behind it stays */
	snprintf((char *)header + CHECKSUM, 7, "%06o", sum & 0777777);
}

static inline void mend_tar(uint8_t *tar, size_t size)
{
	static const uint8_t zeros[BLOCK];

	if (size <= MAGIC + 5 || memcmp(tar + MAGIC, "ustar", 5) != 0)
		return;
	for (size_t at = 0; at + BLOCK <= size;) {
		char digits[12];
		unsigned long long len;

		if (memcmp(tar + at, zeros, BLOCK) == 0)
			return;
		mend_header(tar + at);
		memcpy(digits, tar + at + SIZE, 11);
		digits[11] = '\0';
		len = strtoull(digits, NULL, 8);
		if (len > size)
			return;
		at += BLOCK + (len + BLOCK - 1) / BLOCK * BLOCK;
	}
}
