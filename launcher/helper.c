#include "helper.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"

int helper_find(const char *name, char **path, struct err *err)
{
	auto_free char *beside = NULL;
	char self[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	int made;

	if (len > 0) {
		self[len] = '\0';
		*strrchr(self, '/') = '\0';
		if (asprintf(&beside, "%s/%s", self, name) < 0)
			return err_sys(err, ENOMEM, "%s", name);
		if (access(beside, X_OK) == 0) {
			*path = TAKE(beside);
			return 0;
		}
	}
	made = asprintf(path, "%s/%s", JAIL_LIBEXEC, name);
	return made < 0 ? err_sys(err, ENOMEM, "%s", name) : 0;
}
