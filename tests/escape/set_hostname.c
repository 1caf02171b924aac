/*
 * Renames the host.  Outside to the name that it has.
 * Stopped by: seccomp, EPERM.  Behind it: ids and caps.
 */
#include <sys/utsname.h>

#include "attempt.h"

int main(void)
{
	struct utsname names;

	if (uname(&names) < 0)
		refused("uname");
	if (sethostname(names.nodename, strlen(names.nodename)) < 0)
		refused("sethostname");
	escaped("may rename the host");
}
