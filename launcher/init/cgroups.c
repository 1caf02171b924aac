#include "cgroups.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "fdio.h"

#define PLACE "/sys/fs/cgroup"
#define OLD_PLACE "/run/cgroup"
#define PLAIN (MS_NOSUID | MS_NODEV | MS_NOEXEC)
#define MOST_BYTES 65536

/* What jaillaunch limits by; every other controller costs and gives nothing. */
static const char *const wanted[] = {"cpu", "memory", "pids"};

static int read_text(const char *path, char **text)
{
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	return fd_read_all(fd, MOST_BYTES, text, NULL);
}

static int write_text(const char *path, const char *text)
{
	auto_close int fd = open(path, O_WRONLY | O_CLOEXEC);

	return fd < 0 ? -errno : fd_write_full(fd, text, strlen(text));
}

static int mount_controller(const char *place, const char *name,
			    struct err *err)
{
	char path[128];
	int n = snprintf(path, sizeof(path), "%s/%s", place, name);

	if (n < 0 || (size_t)n >= sizeof(path))
		return err_set(err, ERR_SYSTEM, "cgroup %s: too long a name",
			       name);
	if (mkdir(path, 0755) < 0 ||
	    mount("cgroup", path, "cgroup", PLAIN, name) < 0)
		return err_sys(err, errno, "cgroup %s", name);
	return 0;
}

/* --- version 2 */

static bool is_among(const char *words, const char *word)
{
	const char *at = words;
	size_t len = strlen(word);

	while ((at = strstr(at, word))) {
		if ((at == words || at[-1] == ' ') &&
		    strchr(" \n", at[len])) /* or the end */
			return true;
		at += len;
	}
	return false;
}

size_t cgroups_wanted(const char *controllers, char *out, size_t size)
{
	size_t i, n = 0, used = 0;

	out[0] = '\0';
	for (i = 0; i < sizeof(wanted) / sizeof(*wanted); i++) {
		int len;

		if (!is_among(controllers, wanted[i]))
			continue;
		len = snprintf(out + used, size - used, "%s+%s", n ? " " : "",
			       wanted[i]);
		if (len < 0 || (size_t)len >= size - used)
			break;
		used += (size_t)len;
		n++;
	}
	return n;
}

/*
 * One that version 2 does not have (cpu, before Linux 4.15) may be there in
 * version 1.  If it is not, jaillaunch says what is lacking when it is wanted.
 */
static void mount_missing(const char *controllers)
{
	struct err unsaid = {0};

	for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted); i++) {
		if (is_among(controllers, wanted[i]))
			continue;
		(void)!mkdir(OLD_PLACE, 0755); /* it is there, or mount fails */
		(void)!mount_controller(OLD_PLACE, wanted[i], &unsaid);
	}
}

/* Nobody could use a controller below that the root does not hand down. */
static int hand_down(struct err *err)
{
	auto_free char *controllers = NULL;
	char line[64];
	int error = read_text(PLACE "/cgroup.controllers", &controllers);

	if (controllers && cgroups_wanted(controllers, line, sizeof(line)) > 0)
		error = write_text(PLACE "/cgroup.subtree_control", line);
	if (error < 0)
		return err_sys(err, -error, "controllers of %s", PLACE);
	mount_missing(controllers ? controllers : "");
	return 0;
}

/* --- version 1 */

char *cgroups_next(char **text)
{
	char *line;

	while ((line = strsep(text, "\n"))) {
		char *name = strsep(&line, "\t"), *hierarchy, *number, *enabled;

		if (*name == '#' || !line)
			continue;
		hierarchy = strsep(&line, "\t");
		number = strsep(&line, "\t");
		enabled = strsep(&line, "\t");
		if (hierarchy && number && enabled && strcmp(enabled, "1") == 0)
			return name;
	}
	return NULL;
}

/* Those that mount; an error only if none does. */
static int mount_old(struct err *err)
{
	auto_free char *text = NULL;
	char *rest, *name;
	size_t n = 0;
	int error = read_text("/proc/cgroups", &text);

	if (error < 0)
		return err_sys(err, -error, "/proc/cgroups");
	if (mount("tmpfs", PLACE, "tmpfs", PLAIN,
		  "mode=0755,size=64k,nr_inodes=64") < 0)
		return err_sys(err, errno, "mount tmpfs on %s", PLACE);
	rest = text;
	while ((name = cgroups_next(&rest)))
		n += mount_controller(PLACE, name, err) == 0;
	if (n > 0) {
		*err = (struct err){0};
		return 0;
	}
	if (err->kind == ERR_NONE)
		err_set(err, ERR_HOST, "this kernel has no cgroups");
	return -1;
}

int cgroups_mount(struct err *err)
{
	if (mount("cgroup2", PLACE, "cgroup2", PLAIN, NULL) == 0)
		return hand_down(err);
	if (errno != ENODEV && errno != EINVAL)
		return err_sys(err, errno, "mount cgroup2 on %s", PLACE);
	return mount_old(err);
}
