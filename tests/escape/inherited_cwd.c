/*
 * Opens a file of the host relative to the working directory of whoever called
 * the launcher: chroot() alone leaves it where it was, outside.
 * Stopped by: root, which changes into the new root: ENOENT.
 */
#include <fcntl.h>

#include "attempt.h"

int main(void)
{
	read_prize(open("secret", O_RDONLY | O_CLOEXEC));
}
