#include "helper.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "cleanup.h"
#include "self.h"

int helper_find(const char *name, char **path, struct err *err)
{
	auto_free char *directory = NULL, *beside = NULL;
	int error = self_directory(&directory);
	int made;

	if (error == -ENOMEM)
		return err_sys(err, ENOMEM, "%s", name);
	if (error == 0) {
		if (asprintf(&beside, "%s/%s", directory, name) < 0)
			return err_sys(err, ENOMEM, "%s", name);
		if (access(beside, X_OK) == 0) {
			*path = TAKE(beside);
			return 0;
		}
	}
	made = asprintf(path, "%s/%s", JAIL_LIBEXEC, name);
	return made < 0 ? err_sys(err, ENOMEM, "%s", name) : 0;
}
