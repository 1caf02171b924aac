/*
 * Makes a new set-user-id file by openat2(), whose mode no filter can see.
 * Stopped by: seccomp, ENOSYS.  A file that the program owns and makes set-id would
 * be a way back in for everybody outside who can reach it.
 */
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>

#include "attempt.h"

#define PATH "/tmp/left-behind"

int main(void)
{
	struct stat status;
	int failed;

	umask(0);
	unlink(PATH);
	struct open_how how = {.flags = O_CREAT | O_WRONLY | O_CLOEXEC,
			       .mode = 04755};

	failed = syscall(SYS_openat2, AT_FDCWD, PATH, &how, sizeof(how)) < 0;
	if (failed)
		refused("set-id");
	if (stat(PATH, &status) < 0)
		refused("stat");
	unlink(PATH);
	if (!(status.st_mode & 06000))
		stopped("the file has mode %o", status.st_mode);
	escaped("left a file of mode %o", status.st_mode);
}
