/*
 * Puts a key into a keyring: memory that is not the program's, and a mailbox
 * between jails.
 * Stopped by: seccomp, ENOSYS.
 */
#include <linux/keyctl.h>

#include "attempt.h"

int main(void)
{
	if (syscall(SYS_add_key, "user", "jail-escape", "x", 1,
		    KEY_SPEC_PROCESS_KEYRING) < 0)
		refused("add_key");
	escaped("added a key");
}
