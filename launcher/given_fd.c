#include "given_fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"

#define PREFIX "fd:"
#define MOST_FDS (1 << 30)

bool given_fd_parse(const char *text, int *out)
{
	char *end;
	long number = strtol(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || number > MOST_FDS)
		return false;
	*out = (int)number;
	return true;
}

bool given_fd_is(const char *where)
{
	return strncmp(where, PREFIX, strlen(PREFIX)) == 0 ||
	       strcmp(where, "-") == 0;
}

int given_fd_copy(const char *option, const char *where, struct err *err)
{
	auto_close int fd = -1;
	int number;

	if (strcmp(where, "-") == 0)
		return err_set(err, ERR_USAGE,
			       "%s -: standard output is fd:1, and a file of "
			       "that name ./-",
			       option);
	if (!given_fd_parse(where + strlen(PREFIX), &number))
		return err_set(err, ERR_USAGE,
			       "%s %s: not a descriptor's number", option,
			       where);
	fd = fcntl(number, F_DUPFD_CLOEXEC, 3);
	if (fd < 0)
		return err_sys_kind(err, ERR_USAGE, errno, "%s %s", option,
				    where);
	if ((fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDONLY)
		return err_set(err, ERR_USAGE,
			       "%s %s: the descriptor cannot be written to",
			       option, where);
	return take_fd(&fd);
}
