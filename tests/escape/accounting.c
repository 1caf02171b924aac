/*
 * Makes the kernel write about every process into a file.  Outside into one
 * that does not exist: ENOENT is the kernel's own answer.
 * Stopped by: seccomp, EPERM.  Behind it: ids and caps.
 */
#include "attempt.h"

int main(void)
{
	reached(acct("/no-such-file"), ENOENT, "acct");
}
