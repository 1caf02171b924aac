/*
 * without CALL[,CALL...]=ERRNO COMMAND: runs a command for which these system
 * calls fail: a host that lacks them, or a sandbox that forbids them.  What else
 * can stand for CALL is said in forbid.h.
 */
#include <unistd.h>

#include "forbid.h"

int main(int argc, char **argv)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);

	if (argc < 3 || !filter) {
		fputs("usage: without CALL[,CALL...]=ERRNO COMMAND\n", stderr);
		return 125;
	}
	if (!forbid_all(filter, argv[1]))
		return 125;
	/* Root needs no no_new_privs for this, and a launch must not notice. */
	seccomp_attr_set(filter, SCMP_FLTATR_CTL_NNP, 0);
	if (seccomp_load(filter) < 0) {
		fputs("without: the filter is refused\n", stderr);
		return 125;
	}
	seccomp_release(filter);
	execvp(argv[2], argv + 2);
	perror(argv[2]);
	return 127;
}
