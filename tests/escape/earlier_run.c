/*
 * Finds what an earlier run of the same jail left for it, so that whoever got
 * in once stays in.
 * Stopped by: root, for an image: each run has its own copy.  For --root DIR
 * only a file system of the run's own on /tmp and home, later.
 */
#include <fcntl.h>

#include "attempt.h"

int main(void)
{
	int fd = open("/tmp/mark", O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC,
		      0600);

	if (fd < 0 && errno == EEXIST)
		escaped("found a mark");
	if (fd < 0)
		refused("open");
	stopped("no mark of an earlier run");
}
