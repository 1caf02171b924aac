#include "modules.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "cleanup.h"
#include "fdio.h"

#define LIST "/modules"
#define MOST_BYTES 65536
#define NSM_TRIES 200 /* of 10 ms */

/* EEXIST is no failure: it is part of this kernel, or came with another. */
static int refused(const char *name, int error, struct err *err)
{
	if (error == ENOENT)
		return err_set(err, ERR_INPUT,
			       "module %s needs another one, which must stand "
			       "before it in --modules",
			       name);
	if (error == ENOEXEC || error == EINVAL)
		return err_sys_kind(err, ERR_INPUT, error,
				    "module %s is not for this kernel", name);
	return err_sys(err, error, "load module %s", name);
}

static int load(int root_fd, const char *name, struct err *err)
{
	auto_close int fd = -1;

	if (strchr(name, '/'))
		return err_set(err, ERR_INPUT, "%s: \"%s\" is no file's name",
			       LIST, name);
	fd = openat(root_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return err_sys(err, errno, "/%s, which %s names", name, LIST);
	if (syscall(SYS_finit_module, fd, "", 0) < 0 && errno != EEXIST)
		return refused(name, errno, err);
	/* memory: the ramdisk is all that there is */
	if (unlinkat(root_fd, name, 0) < 0)
		return err_sys(err, errno, "remove /%s", name);
	return 0;
}

static bool is_name_of_nsm(const char *name)
{
	return strcmp(name, "nsm.ko") == 0;
}

static int load_lines(int root_fd, char *text, bool *is_nsm, struct err *err)
{
	char *rest = text, *name;

	while ((name = strsep(&rest, "\n"))) {
		if (*name == '\0')
			continue;
		if (load(root_fd, name, err) < 0)
			return -1;
		if (is_name_of_nsm(name))
			*is_nsm = true;
	}
	return 0;
}

int modules_load(bool *is_nsm, struct err *err)
{
	auto_close int root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	auto_close int fd = open(LIST, O_RDONLY | O_CLOEXEC);
	auto_free char *text = NULL;
	int error;

	if (fd < 0 && errno == ENOENT)
		return 0;
	error = fd < 0 ? -errno : fd_read_all(fd, MOST_BYTES, &text, NULL);
	if (error < 0)
		return err_sys(err, -error, "%s", LIST);
	if (root_fd < 0)
		return err_sys(err, errno, "/");
	return load_lines(root_fd, text, is_nsm, err);
}

int modules_close_nsm(const char *device, bool is_expected, bool *is_there,
		      struct err *err)
{
	const struct timespec moment = {.tv_nsec = 10000000L};
	int tries = is_expected ? NSM_TRIES : 0;

	while (access(device, F_OK) < 0 && tries-- > 0)
		nanosleep(&moment, NULL);
	*is_there = access(device, F_OK) == 0;
	if (*is_there && chmod(device, 0600) < 0)
		return err_sys(err, errno, "take %s from others", device);
	return 0;
}
