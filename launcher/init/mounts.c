#include "mounts.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>

#define PLAIN (MS_NOSUID | MS_NODEV | MS_NOEXEC)
#define MOST_OPTIONS 128

/* A file may be as small as this on average before inodes run out. */
#define BYTES_PER_INODE 16384
#define LEAST_INODES 1024

const struct mount_row mount_rows[] = {
	{"/dev", "devtmpfs", MS_NOSUID | MS_NOEXEC, "mode=0755", 0},
	{"/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC,
	 "newinstance,gid=5,mode=0620,ptmxmode=0666", 0},
	{"/dev/shm", "tmpfs", PLAIN, "mode=1777", 8},
	{"/proc", "proc", PLAIN, "", 0},
	{"/sys", "sysfs", PLAIN, "", 0},
	/* jaillaunch unpacks images there: programs, device nodes */
	{"/run", "tmpfs", MS_NOSUID, "mode=0755", 4},
	{"/tmp", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777", 8},
};
const size_t n_mount_rows = sizeof(mount_rows) / sizeof(*mount_rows);

int mount_options(const struct mount_row *row, uint64_t memory, char *out,
		  size_t size)
{
	uint64_t bytes, inodes;
	int n;

	if (row->share == 0) {
		n = snprintf(out, size, "%s", row->options);
	} else {
		bytes = memory / row->share;
		inodes = bytes / BYTES_PER_INODE;
		n = snprintf(out, size,
			     "%s,size=%" PRIu64 ",nr_inodes=%" PRIu64,
			     row->options, bytes,
			     inodes < LEAST_INODES ? LEAST_INODES : inodes);
	}
	return n < 0 || (size_t)n >= size ? -1 : 0;
}

static int make(const struct mount_row *row, uint64_t memory, struct err *err)
{
	char options[MOST_OPTIONS];

	if (mount_options(row, memory, options, sizeof(options)) < 0)
		return err_set(err, ERR_SYSTEM, "%s: its options are too long",
			       row->target);
	/* it is there, or mount() says what is wrong */
	(void)!mkdir(row->target, 0755);
	if (mount(row->type, row->target, row->type, row->flags, options) < 0)
		return err_sys(err, errno, "mount %s on %s", row->type,
			       row->target);
	return 0;
}

int mounts_make(struct err *err)
{
	struct sysinfo system;
	size_t i;

	if (sysinfo(&system) < 0)
		return err_sys(err, errno, "the size of the memory");
	for (i = 0; i < n_mount_rows; i++)
		if (make(&mount_rows[i],
			 (uint64_t)system.totalram * system.mem_unit, err) < 0)
			return -1;
	return 0;
}
