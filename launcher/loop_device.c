#include "loop_device.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"

#define LOOP_TRIES 64 /* another took the free one */
#define LOOP_MOST 256 /* devices that are looked at */

/*
 * Bound to this file, but not to free itself: left by a launch that was killed
 * between two steps.
 */
static bool is_left(int loop, const struct stat *file)
{
	struct loop_info64 info;

	return ioctl(loop, LOOP_GET_STATUS64, &info) == 0 &&
	       !(info.lo_flags & LO_FLAGS_AUTOCLEAR) &&
	       (info.lo_flags & LO_FLAGS_READ_ONLY) && !info.lo_file_name[0] &&
	       info.lo_device == file->st_dev && info.lo_inode == file->st_ino;
}

/*
 * What another launch is about to bind is safe: of a device that somebody else
 * has open, LOOP_CLR_FD only sets the flag.
 */
static void free_left(int file)
{
	struct stat st;
	char path[32];
	int i;

	for (i = 0; fstat(file, &st) == 0 && i < LOOP_MOST; i++) {
		auto_close int loop = -1;

		snprintf(path, sizeof(path), "/dev/loop%d", i);
		loop = open(path, O_RDONLY | O_CLOEXEC);
		if (loop >= 0 && is_left(loop, &st))
			ioctl(loop, LOOP_CLR_FD, 0);
	}
}

/* Before LOOP_CONFIGURE (5.8): two steps. */
static int loop_set_old(int loop, int file)
{
	struct loop_info64 info = {.lo_flags = LO_FLAGS_READ_ONLY |
					       LO_FLAGS_AUTOCLEAR};

	free_left(file);
	if (ioctl(loop, LOOP_SET_FD, file) < 0)
		return -errno;
	if (ioctl(loop, LOOP_SET_STATUS64, &info) < 0) {
		int error = -errno;

		ioctl(loop, LOOP_CLR_FD, 0);
		return error;
	}
	return 0;
}

static int loop_set(int loop, int file)
{
	struct loop_config config = {.fd = (uint32_t)file,
				     .info.lo_flags = LO_FLAGS_READ_ONLY |
						      LO_FLAGS_AUTOCLEAR};

	if (ioctl(loop, LOOP_CONFIGURE, &config) == 0)
		return 0;
	/* EPERM: a sandbox does not know it; what is forbidden fails again */
	if (errno == EINVAL || errno == ENOTTY || errno == ENOSYS ||
	    errno == EPERM)
		return loop_set_old(loop, file);
	return -errno;
}

/* ENXIO: another had the free one meanwhile, and is leaving it. */
static bool is_anothers(int error)
{
	return error == -EBUSY || error == -ENXIO;
}

int loop_open(int file, char *path, size_t size)
{
	auto_close int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	int i, error = -EBUSY;

	if (control < 0)
		return errno == ENOENT ? -ENODEV : -errno;
	for (i = 0; i < LOOP_TRIES && is_anothers(error); i++) {
		auto_close int loop = -1;
		int number = ioctl(control, LOOP_CTL_GET_FREE);

		if (number < 0)
			return -errno;
		snprintf(path, size, "/dev/loop%d", number);
		loop = open(path, O_RDONLY | O_CLOEXEC);
		if (loop < 0 && errno != ENXIO)
			return errno == ENOENT ? -ENODEV : -errno;
		error = loop < 0 ? -ENXIO : loop_set(loop, file);
		if (error == 0)
			return take_fd(&loop);
	}
	return error;
}
