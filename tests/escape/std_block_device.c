/*
 * Standard input is a block device: a whole disk to read.
 * Stopped by: fds; a block device on 0-2 is not handed on.
 */
#include <sys/stat.h>

#include "attempt.h"

int main(void)
{
	struct stat status;

	if (fstat(0, &status) < 0)
		refused("fstat");
	if (!S_ISBLK(status.st_mode))
		stopped("not a block device");
	escaped("block device %llx", (unsigned long long)status.st_rdev);
}
