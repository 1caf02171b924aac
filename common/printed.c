#include "printed.h"

#include <errno.h>

int printed_check(FILE *out, struct err *err)
{
	if (fflush(out) != 0)
		return err_sys(err, errno, "standard output");
	/* What could not be written is forgotten by then, and so is why. */
	if (ferror(out))
		return err_set(err, ERR_SYSTEM,
			       "standard output: it could not be written");
	return 0;
}
