/*
 * Makes a file of its own set-user-id by fchmodat2(), which Linux 6.6 added.
 * Stopped by: seccomp, EPERM.  A file that the program owns and makes set-id would
 * be a way back in for everybody outside who can reach it.
 */
#include <fcntl.h>
#include <sys/stat.h>

#include "attempt.h"

#define NR_FCHMODAT2 452

#define PATH "/tmp/left-behind"

int main(void)
{
	struct stat status;
	int failed;

	umask(0);
	unlink(PATH);
	failed = mknod(PATH, S_IFREG | 0755, 0) < 0 ||
		 syscall(NR_FCHMODAT2, AT_FDCWD, PATH, 04755, 0) < 0;
	if (failed)
		refused("set-id");
	if (stat(PATH, &status) < 0)
		refused("stat");
	unlink(PATH);
	if (!(status.st_mode & 06000))
		stopped("the file has mode %o", status.st_mode);
	escaped("left a file of mode %o", status.st_mode);
}
