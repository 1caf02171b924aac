/*
 * Takes hold of the session keyring, which the caller's programs share.
 * Stopped by: seccomp, ENOSYS.
 */
#include <linux/keyctl.h>

#include "attempt.h"

int main(void)
{
	if (syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING,
		    0) < 0)
		refused("keyctl");
	escaped("has the session keyring");
}
