/*
 * Raises capabilities that are permitted but not effective.
 * Stopped by: ids and caps, which empty all sets: EPERM.
 */
#include <linux/capability.h>

#include "attempt.h"

int main(void)
{
	struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3,
						  0};
	struct __user_cap_data_struct data[2] = {{0}, {0}};

	data[0].effective = data[0].permitted = 1U << CAP_SYS_CHROOT;
	if (syscall(SYS_capset, &header, data) < 0)
		refused("capset");
	escaped("has CAP_SYS_CHROOT");
}
