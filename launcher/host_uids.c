#include "host_uids.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "passwd.h"
#include "rootfd.h"

#define MOST_BYTES (1 << 20)

static int check_accounts(int top_fd, const struct uid_range *range,
			  struct err *err)
{
	struct user_files files;
	char name[64];
	uid_t uid;
	bool found;

	if (user_files_read(top_fd, &files, err) < 0)
		return err_context(err, "--uid-pool looks for accounts of the "
					"host; here it is itself the jail");
	found = user_files_between(&files, range->first, range->last, name,
				   sizeof(name), &uid);
	user_files_free(&files);
	if (!found)
		return 0;
	return err_set(err, ERR_USAGE,
		       "--uid-pool %u-%u: uid %u is %s's, by the host's "
		       "/etc/passwd",
		       range->first, range->last, uid, name);
}

/* A number up to a byte, which is passed over. */
static bool read_number(char **at, char end, uint64_t *out)
{
	char *stop;

	if (**at < '0' || **at > '9')
		return false;
	errno = 0;
	*out = strtoull(*at, &stop, 10);
	if (errno || *stop != end)
		return false;
	*at = stop + (end != '\0');
	return true;
}

/* "NAME:FIRST:COUNT"; what is not well-formed counts for nothing. */
static bool overlaps(char *line, const struct uid_range *range)
{
	char *at = strchr(line, ':');
	uint64_t first, count;

	if (!at)
		return false;
	*at++ = '\0';
	return read_number(&at, ':', &first) &&
	       read_number(&at, '\0', &count) && first <= range->last &&
	       count > 0 &&
	       (first >= range->first || count > range->first - first);
}

static int check_subordinate(int top_fd, const struct uid_range *range,
			     struct err *err)
{
	auto_free char *text = NULL;
	size_t len;
	int error =
		root_read_file(top_fd, "/etc/subuid", MOST_BYTES, &text, &len);
	char *line, *rest = text;

	if (error == -ENOENT || error == -ENOTDIR)
		return 0;
	if (error < 0)
		return err_sys(err, -error, "--uid-pool: /etc/subuid");
	while ((line = strsep(&rest, "\n")))
		if (overlaps(line, range))
			return err_set(err, ERR_USAGE,
				       "--uid-pool %u-%u: some are %s's for "
				       "user namespaces, by the host's "
				       "/etc/subuid",
				       range->first, range->last, line);
	return 0;
}

int host_uids_check(int top_fd, const struct uid_range *range, struct err *err)
{
	if (check_accounts(top_fd, range, err) < 0)
		return -1;
	return check_subordinate(top_fd, range, err);
}
