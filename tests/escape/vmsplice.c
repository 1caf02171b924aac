/*
 * Gives pages of its memory to a pipe (the way into several kernel bugs).
 * Stopped by: seccomp, ENOSYS.
 */
#include <fcntl.h>
#include <sys/uio.h>

#include "attempt.h"

int main(void)
{
	char byte = 'x';
	struct iovec part = {&byte, 1};
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		refused("pipe2");
	if (vmsplice(ends[1], &part, 1, 0) < 0)
		refused("vmsplice");
	escaped("spliced");
}
