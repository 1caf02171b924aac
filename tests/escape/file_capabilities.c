/*
 * Is a program with file capabilities.
 * Stopped by: bounding, and behind it no_new_privs, for --root DIR: it runs
 * without them, or, if it is marked as useless without them, not at all.  An image that holds one is refused by
 * the unpacker.
 */
#include <linux/capability.h>

#include "attempt.h"

int main(void)
{
	struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3,
						  0};
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &header, data) < 0)
		refused("capget");
	if (data[0].permitted | data[1].permitted)
		escaped("has capabilities %x", data[0].permitted);
	stopped("no capabilities");
}
