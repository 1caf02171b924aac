/*
 * Writes into the root that the program runs from: other runs would see it.
 * Stopped by: ids; the files belong to root, and the unpacker takes away
 * write permission for others: EACCES.  Behind it, later: a read-only mount.
 */
#include <fcntl.h>

#include "attempt.h"

static void try_open(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0644);

	if (fd < 0)
		return;
	close(fd);
	if (flags & O_CREAT)
		unlink(path);
	escaped("opened %s for writing", path);
}

int main(void)
{
	try_open("/etc/passwd", O_WRONLY | O_APPEND);
	try_open("/bin/planted", O_WRONLY | O_CREAT | O_EXCL);
	try_open("/etc/ld.so.preload", O_WRONLY | O_CREAT | O_EXCL);
	if (rename("/etc", "/old") == 0) {
		rename("/old", "/etc");
		escaped("renamed /etc");
	}
	try_open("/planted", O_WRONLY | O_CREAT | O_EXCL);
	refused("open");
}
