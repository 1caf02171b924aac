/*
 * A process of the same uid outside moves this program's working directory out
 * of the jail's tree; then ".." walks to the host's root without meeting the
 * jail's.
 * Stopped by: root, for an image: the tree lies below a directory that only
 * root may enter.  For --root DIR that is up to who made DIR.
 */
#include <fcntl.h>
#include <sys/stat.h>

#include "attempt.h"

int main(int argc, char **argv)
{
	char byte;
	int i;

	if (mkdir("/tmp/inner", 0777) < 0 || chdir("/tmp/inner") < 0)
		refused("mkdir");
	if (write(1, "ready\n", 6) != 6 || read(0, &byte, 1) != 1)
		cannot("nobody answers");
	for (i = 0; i < 64; i++)
		if (chdir("..") < 0)
			refused("chdir");
	read_prize(open(word_of(argc, argv, 1) + 1, O_RDONLY | O_CLOEXEC));
}
