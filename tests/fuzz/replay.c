/*
 * replay: the main() of a fuzz target where there is no fuzzer: runs it once
 * for each file named.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "fdio.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define LARGEST (64 << 20)

static int replay(const char *path)
{
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	auto_free char *data = NULL;
	size_t len;
	int error = fd < 0 ? -1 : fd_read_all(fd, LARGEST, &data, &len);

	if (error < 0) {
		fprintf(stderr, "cannot read %s\n", path);
		return -1;
	}
	return LLVMFuzzerTestOneInput((const uint8_t *)data, len);
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (replay(argv[i]) != 0)
			return 1;
	return 0;
}
