#pragma once
/*
 * host_uids: uids that already mean somebody on the host.  Whose uid is taken
 * for a jail would be killed and swept with it.
 */
#include "err.h"
#include "uid_range.h"

/*
 * Refuses a range that has an account's uid (/etc/passwd) or one that somebody
 * may use in user namespaces (/etc/subuid).  top_fd: the host's root.
 */
int host_uids_check(int top_fd, const struct uid_range *range, struct err *err);
