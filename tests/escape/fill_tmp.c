/*
 * Writes more to /tmp than --limit tmp=1M allows.
 * Stopped by: root, ENOSPC.
 */
#include <fcntl.h>

#include "attempt.h"

#define MUCH (8 << 20)

int main(void)
{
	static char block[1 << 16];
	int fd = open("/tmp/filler", O_CREAT | O_WRONLY | O_TRUNC, 0600);
	long written = 0;
	ssize_t n;

	if (fd < 0)
		refused("open");
	while (written < MUCH) {
		n = write(fd, block, sizeof(block));
		if (n < 0) {
			int error = errno;

			unlink("/tmp/filler");
			errno = error;
			refused("write");
		}
		written += n;
	}
	unlink("/tmp/filler");
	escaped("wrote %ld bytes", written);
}
