/*
 * Adds swap space.  Outside from a file that does not exist: ENOENT is the
 * kernel's own answer.
 * Stopped by: seccomp, SIGSYS.  Behind it: ids and caps.
 */
#include <sys/swap.h>

#include "attempt.h"

int main(void)
{
	reached(swapon("/no-such-file", 0), ENOENT, "swapon");
}
