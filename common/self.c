#include "self.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "cleanup.h"

int self_directory(char **out)
{
	/* NOLINTNEXTLINE(performance-no-int-to-ptr): that is how it is given */
	const char *executed = (const char *)getauxval(AT_EXECFN);
	auto_free char *path = calloc(1, PATH_MAX);

	if (!path)
		return -ENOMEM;
	/* a path too long for the buffer is cut: no slash can be relied on */
	if (readlink("/proc/self/exe", path, PATH_MAX) <= 0 ||
	    path[PATH_MAX - 1] != '\0') {
		if (!executed || !realpath(executed, path))
			return errno == ENOMEM ? -ENOMEM : -ENOENT;
	}
	*strrchr(path, '/') = '\0';
	*out = TAKE(path);
	return 0;
}
