/*
 * Reads the kernel's log, with addresses and names of the host.
 * Stopped by: seccomp, EPERM.  Behind it: ids and caps.
 */
#include <sys/klog.h>

#include "attempt.h"

int main(void)
{
	char text[256];

	if (klogctl(3, text, sizeof(text)) < 0)
		refused("syslog");
	escaped("read the kernel's log");
}
