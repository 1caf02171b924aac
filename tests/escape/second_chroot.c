/*
 * The classic: chroot() into a directory below while staying where one is, so
 * that ".." no longer meets the root; then climb to the host's root.
 * Stopped by: seccomp, SIGSYS.  Behind it: ids and caps (no CAP_SYS_CHROOT).
 */
#include <fcntl.h>

#include "attempt.h"

int main(int argc, char **argv)
{
	int i;

	if (chdir("/") < 0 || chroot("tmp") < 0)
		refused("chroot");
	for (i = 0; i < 64; i++)
		if (chdir("..") < 0)
			refused("chdir");
	read_prize(open(word_of(argc, argv, 1) + 1, O_RDONLY | O_CLOEXEC));
}
