/*
 * Changes what the kernel does with capabilities of uid 0.
 * Stopped by: ids and caps (no CAP_SETPCAP): EPERM.
 */
#include <linux/securebits.h>
#include <sys/prctl.h>

#include "attempt.h"

int main(void)
{
	if (prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP) < 0)
		refused("PR_SET_SECUREBITS");
	escaped("keeps capabilities over setuid");
}
