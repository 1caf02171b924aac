/*
 * fuzz_verify: any bytes as an image.  What starts like a tar has its headers'
 * checksums mended first: else nothing but the first header would be read.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fdio.h"
#include "verify.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { BLOCK = 512, CHECKSUM = 148, SIZE = 124, MAGIC = 257 };

static void mend_header(uint8_t *header)
{
	unsigned sum = 0;

	memset(header + CHECKSUM, ' ', 8);
	for (size_t i = 0; i < BLOCK; i++)
		sum += header[i];
	/* six octal digits and a NUL; the blank behind it stays */
	snprintf((char *)header + CHECKSUM, 7, "%06o", sum & 0777777);
}

static void mend(uint8_t *tar, size_t size)
{
	static const uint8_t zeros[BLOCK];

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

static void verify(const uint8_t *image, size_t size)
{
	static FILE *nowhere;
	int fd = memfd_create("image", MFD_CLOEXEC);
	struct err err = {0};
	size_t n_violations;
	char path[64];

	if (!nowhere)
		nowhere = fopen("/dev/null", "w");
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (fd < 0 || !nowhere || fd_write_full(fd, image, size) < 0)
		abort();
	verify_image(path, nowhere, &n_violations, &err);
	close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *image = malloc(size + 1);

	if (!image)
		abort();
	memcpy(image, data, size);
	if (size > MAGIC + 5 && memcmp(data + MAGIC, "ustar", 5) == 0)
		mend(image, size);
	verify(image, size);
	free(image);
	return 0;
}
