/*
 * Raises a limit that the caller set (--limit nofile=64).
 * Stopped by: rlimits, which sets the hard limit with the soft one: EPERM.
 * Behind it: ids and caps (no CAP_SYS_RESOURCE).
 */
#include <sys/resource.h>

#include "attempt.h"

int main(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		refused("getrlimit");
	limit.rlim_cur++;
	if (limit.rlim_max < limit.rlim_cur)
		limit.rlim_max = limit.rlim_cur;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		refused("setrlimit");
	escaped("the limit is %lu", (unsigned long)limit.rlim_cur);
}
