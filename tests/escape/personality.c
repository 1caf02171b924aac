/*
 * Makes all readable memory executable.
 * Stopped by: seccomp, EPERM.
 */
#include <sys/personality.h>

#include "attempt.h"

int main(void)
{
	if (personality(READ_IMPLIES_EXEC) < 0)
		refused("personality");
	escaped("what can be read can be run");
}
