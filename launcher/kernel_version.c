#include "kernel_version.h"

#include <ctype.h>
#include <stdlib.h>
#include <sys/utsname.h>

bool kernel_version_read(const char *text, bool may_follow, unsigned out[2])
{
	char *end = NULL;

	if (!isdigit((unsigned char)text[0]))
		return false;
	out[0] = (unsigned)strtoul(text, &end, 10);
	if (end[0] != '.' || !isdigit((unsigned char)end[1]))
		return false;
	out[1] = (unsigned)strtoul(end + 1, &end, 10);
	return may_follow || *end == '\0';
}

bool kernel_version_is_at_least(const unsigned version[2], unsigned major,
				unsigned minor)
{
	return version[0] > major ||
	       (version[0] == major && version[1] >= minor);
}

void kernel_version_running(unsigned out[2])
{
	struct utsname host;

	if (uname(&host) < 0 || !kernel_version_read(host.release, true, out))
		out[0] = out[1] = 0;
}

bool kernel_is_at_least(unsigned major, unsigned minor)
{
	unsigned has[2];

	kernel_version_running(has);
	return kernel_version_is_at_least(has, major, minor);
}
