#include "epoch.h"

#include <errno.h>
#include <stdlib.h>

int epoch_read(long long *seconds, struct err *err)
{
	const char *text = getenv("SOURCE_DATE_EPOCH");
	char *end;

	*seconds = 0;
	if (!text || !*text)
		return 0;
	errno = 0;
	*seconds = strtoll(text, &end, 10);
	if (errno || *end || *seconds < 0 || *text == '+' || *text == ' ')
		return err_set(err, ERR_USAGE,
			       "SOURCE_DATE_EPOCH=%s: not a number of seconds",
			       text);
	return 0;
}
