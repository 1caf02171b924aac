#include "apart.h"

#include <sys/stat.h>

int apart_check(const char *output, const char *const *inputs, size_t n,
		struct err *err)
{
	struct stat there, input;

	if (!output || stat(output, &there) < 0)
		return 0; /* nothing is replaced */
	for (size_t i = 0; i < n; i++)
		if (inputs[i] && stat(inputs[i], &input) == 0 &&
		    input.st_dev == there.st_dev &&
		    input.st_ino == there.st_ino)
			return err_set(err, ERR_USAGE,
				       "%s: is read here, and would be "
				       "replaced; choose another name for the "
				       "output",
				       output);
	return 0;
}
