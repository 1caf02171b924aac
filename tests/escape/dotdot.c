/*
 * Climbs with more ".." than there are directories, then opens a file of the
 * host.
 * Stopped by: root.  ".." at the jail's root stays there: ENOENT.
 */
#include <fcntl.h>

#include "attempt.h"

int main(int argc, char **argv)
{
	int i;

	for (i = 0; i < 64; i++)
		if (chdir("..") < 0)
			refused("chdir");
	read_prize(open(word_of(argc, argv, 1) + 1, O_RDONLY | O_CLOEXEC));
}
