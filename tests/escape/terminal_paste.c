/*
 * Pastes into the caller's virtual console (TIOCLINUX, CVE-2023-28100).
 * Stopped by: seccomp, EPERM.  Outside, on a pseudo terminal, ENOTTY is the
 * kernel's own answer.
 */
#include <sys/ioctl.h>

#include "attempt.h"

int main(void)
{
	char command = 3; /* paste */

	reached(ioctl(0, TIOCLINUX, &command), ENOTTY, "TIOCLINUX");
}
