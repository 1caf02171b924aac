#include "primitive.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cgroup.h"
#include "cleanup.h"
#include "pty.h"
#include "spec.h"
#include "store.h"

/* Large enough for every limit to be one that can be set. */
#define SOME_LIMIT (1u << 20)

static int take_error(const struct err *err, char *detail, size_t size)
{
	snprintf(detail, size, "%s", err->msg);
	return err->sys ? -err->sys : -EOPNOTSUPP;
}

/* As for a launch; what was made is removed. */
int try_cgroup(unsigned long limit, char *detail, size_t size)
{
	auto_of(cgroup) struct cgroup *cgroup = NULL;
	struct jail_limit limits[N_LIMITS] = {{0}};
	struct err err = {0};
	bool is_held;
	int error;

	limits[limit] =
		(struct jail_limit){.is_set = true, .value = SOME_LIMIT};
	if (cgroup_try(limits, false, &cgroup, &err) < 0)
		return take_error(&err, detail, size);
	is_held = cgroup_holds(cgroup, (enum limit)limit);
	snprintf(detail, size, "%s", cgroup_words(cgroup, (enum limit)limit));
	error = cgroup_remove(cgroup);
	return error < 0 ? error : is_held ? 0 : -EOPNOTSUPP;
}

int try_pty(unsigned long unused, char *detail, size_t size)
{
	auto_close int master = -1, slave = -1;

	(void)unused, (void)detail, (void)size;
	return pty_open(&master, &slave);
}

int try_proc(unsigned long unused, char *detail, size_t size)
{
	(void)unused, (void)detail, (void)size;
	return access("/proc/self/status", R_OK) < 0 ? -errno : 0;
}

/*
 * access() asks for the real ids, which become the effective ones here: this
 * process is of this attempt alone.  AT_EACCESS would do without, but takes a
 * call of Linux 5.8, and a sandbox that does not know it answers EPERM, as if
 * the place could not be written to.
 */
static int become_whom_we_act_as(void)
{
	return setregid(getegid(), (gid_t)-1) < 0 ||
			       setreuid(geteuid(), (uid_t)-1) < 0
		       ? -errno
		       : 0;
}

/* It is made when it is needed, and so is its directory. */
static int may_make_store(char *detail, size_t size)
{
	char path[] = STORE_DEFAULT;
	unsigned levels = 2;
	char *slash;

	while (levels-- && (slash = strrchr(path, '/'))) {
		*slash = '\0';
		if (access(path, F_OK) == 0)
			break;
	}
	if (access(path, W_OK) < 0)
		return -errno;
	snprintf(detail, size, "to be made in %s", path);
	return 0;
}

int try_store(unsigned long unused, char *detail, size_t size)
{
	auto_of(store) struct store *store = NULL;
	struct err err = {0};
	int error;

	(void)unused;
	if (geteuid() != 0) {
		snprintf(detail, size, "only root has a store");
		return -EPERM;
	}
	error = become_whom_we_act_as();
	if (error < 0)
		return error;
	if (store_open_existing(STORE_DEFAULT, &store, &err) < 0)
		return take_error(&err, detail, size);
	if (!store)
		return may_make_store(detail, size);
	snprintf(detail, size, "%s", STORE_DEFAULT);
	return faccessat(store->dir_fd, ".", W_OK, 0) < 0 ? -errno : 0;
}
