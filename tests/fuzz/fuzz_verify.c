/*
 * fuzz_verify: any bytes as an image.  A tar is mended first (mend_tar.h).
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fdio.h"
#include "mend_tar.h"
#include "verify.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

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
	mend_tar(image, size);
	verify(image, size);
	free(image);
	return 0;
}
