/*
 * Makes a new file that is set-group-id at once, by open() with O_CREAT.
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
	failed = open(PATH, O_CREAT | O_WRONLY | O_CLOEXEC, 02755) < 0;
	if (failed)
		refused("set-id");
	if (stat(PATH, &status) < 0)
		refused("stat");
	unlink(PATH);
	if (!(status.st_mode & 06000))
		stopped("the file has mode %o", status.st_mode);
	escaped("left a file of mode %o", status.st_mode);
}
