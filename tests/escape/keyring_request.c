/*
 * Asks for a key of the caller, or for one that a helper of the host makes.
 * Stopped by: seccomp, ENOSYS.  Outside, ENOKEY is the kernel's own answer.
 */
#include "attempt.h"

int main(void)
{
	reached(syscall(SYS_request_key, "user", "jail-escape-none", NULL, 0),
		ENOKEY, "request_key");
}
