/*
 * Makes a new set-user-id file by mknod(), which makes ordinary files, too.
 * Stopped by: seccomp, EPERM.  A file that the program owns and makes set-id would
 * be a way back in for everybody outside who can reach it.
 */
#include <fcntl.h>
#include <sys/stat.h>

#include "attempt.h"

#define PATH "/tmp/left-behind"

int main(void)
{
	struct stat status;
	int failed;

	umask(0);
	unlink(PATH);
	failed = mknod(PATH, S_IFREG | 04755, 0) < 0;
	if (failed)
		refused("set-id");
	if (stat(PATH, &status) < 0)
		refused("stat");
	unlink(PATH);
	if (!(status.st_mode & 06000))
		stopped("the file has mode %o", status.st_mode);
	escaped("left a file of mode %o", status.st_mode);
}
