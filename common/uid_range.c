#include "uid_range.h"

#include <stdbool.h>
#include <stdint.h>

static bool read_uid(const char **text, uid_t *out)
{
	uint64_t number = 0;
	const char *at = *text;

	while (*at >= '0' && *at <= '9' && number <= UINT32_MAX)
		number = 10 * number + (uint64_t)(*at++ - '0');
	if (at == *text || number == 0 || number >= UINT32_MAX)
		return false;
	*text = at;
	*out = (uid_t)number;
	return true;
}

int uid_range_parse(const char *text, struct uid_range *out, struct err *err)
{
	const char *at = text;

	if (!read_uid(&at, &out->first) || *at++ != '-' ||
	    !read_uid(&at, &out->last) || *at != '\0' || out->first > out->last)
		return err_set(err, ERR_USAGE,
			       "\"%s\" is not FIRST-LAST, two "
			       "numbers of which the first is not the larger "
			       "one, nor 0",
			       text);
	return 0;
}
