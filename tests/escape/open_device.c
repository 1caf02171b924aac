/*
 * Opens a block device whose node the image brought along.
 * Stopped by: the unpacker, which refuses such an image.
 */
#include <fcntl.h>

#include "attempt.h"

int main(void)
{
	if (open("/dev/disk", O_RDONLY | O_CLOEXEC) < 0)
		refused("open");
	escaped("opened the disk of the image's node");
}
