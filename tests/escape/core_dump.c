/*
 * Dies with a core dump: bytes on the host's disk, or a handler of the host
 * that runs as root on what the program made.
 * Stopped by: rlimits.  RLIMIT_CORE is 1: less than the smallest file, and the
 * value that also keeps a handler from running, which 0 does not.
 */
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "attempt.h"

int main(void)
{
	struct rlimit limit = {RLIM_INFINITY, RLIM_INFINITY};
	int status;
	pid_t child;

	if (chdir("/tmp") < 0)
		refused("chdir");
	if (setrlimit(RLIMIT_CORE, &limit) < 0 &&
	    getrlimit(RLIMIT_CORE, &limit) < 0)
		refused("getrlimit");
	child = fork();
	if (child == 0)
		abort();
	waitpid(child, &status, 0);
	if (WCOREDUMP(status))
		escaped("core dumped");
	stopped("no core, the limit is %lu", (unsigned long)limit.rlim_max);
}
