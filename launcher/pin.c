/*
 * Whoever makes or removes a pin holds the lock of the pins' directory; who
 * opens one does not, and looks whether what he got is what it claims to be.
 */
#include "pin.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "array.h"
#include "cleanup.h"
#include "directory.h"
#include "image_mount.h"
#include "image_trust.h"
#include "mount_calls.h"
#include "own_dir.h"

#define LINK_SUFFIX ".of" /* to the image that the pin was made of */
#define LINK_NAME_SIZE (PIN_NAME_SIZE + sizeof(LINK_SUFFIX))
#define NAME_FORM "%" PRIx64 "-%" PRIu64 "-%" PRIu64 "-%" PRIu64

static int open_pins(struct err *err)
{
	return own_dir_open_in("/run/jailwright", "pins", err);
}

static void pin_of(const struct stat *image, struct pin *pin)
{
	*pin = (struct pin){
		.dev = image->st_dev,
		.inode = image->st_ino,
		.ctime_ns = (uint64_t)image->st_ctim.tv_sec * 1000000000 +
			    (uint64_t)image->st_ctim.tv_nsec,
		.size = (uint64_t)image->st_size,
	};
	snprintf(pin->name, sizeof(pin->name), NAME_FORM, pin->dev, pin->inode,
		 pin->ctime_ns, pin->size);
}

/* False: no name of ours. */
static bool parse_name(const char *name, struct pin *pin)
{
	char again[PIN_NAME_SIZE];

	*pin = (struct pin){0};
	/* NOLINTNEXTLINE(cert-err34-c): made again below, and compared */
	if (sscanf(name, "%" SCNx64 "-%" SCNu64 "-%" SCNu64 "-%" SCNu64,
		   &pin->dev, &pin->inode, &pin->ctime_ns, &pin->size) != 4)
		return false;
	snprintf(again, sizeof(again), NAME_FORM, pin->dev, pin->inode,
		 pin->ctime_ns, pin->size);
	snprintf(pin->name, sizeof(pin->name), "%s", again);
	return strcmp(again, name) == 0;
}

/* Something is mounted there. */
static bool is_mount(int pins, int fd)
{
	struct stat above, here;

	return fstat(pins, &above) == 0 && fstat(fd, &here) == 0 &&
	       above.st_dev != here.st_dev;
}

static bool is_of_form(int fd, const struct image_form *form)
{
	struct statfs fs;
	uint64_t rounded;

	if (fstatfs(fd, &fs) < 0 || fs.f_bsize <= 0 ||
	    (uint64_t)(uint32_t)fs.f_type != form->magic)
		return false;
	rounded =
		(form->bytes + (uint64_t)fs.f_bsize - 1) / (uint64_t)fs.f_bsize;
	return fs.f_blocks == rounded;
}

/* A descriptor; -1: there is none that is in order. */
static int open_pin(int pins, const char *name, const struct image_form *form)
{
	auto_close int fd = openat(
		pins, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 || !is_mount(pins, fd) || !is_of_form(fd, form))
		return -1;
	return take_fd(&fd);
}

static void link_name(const char *name, char out[LINK_NAME_SIZE])
{
	snprintf(out, LINK_NAME_SIZE, "%s" LINK_SUFFIX, name);
}

/* More than one may be on top of another.  -errno of the one try too many. */
static int unmount_pin(int pins, const char *name)
{
	int error;

	do
		error = mount_detach_at(pins, name);
	while (error == 0);
	return error;
}

/* 0 or -errno; the lock is held. */
static int remove_pin(int pins, const char *name)
{
	char link[LINK_NAME_SIZE];
	int error = unmount_pin(pins, name);

	/* Where unmounting is forbidden the place may be empty all the same: a
	 * mount point is busy, and cannot be removed. */
	if (error != -EINVAL && error != -ENOENT && error != -EPERM &&
	    error != -ENOSYS)
		return error;
	if (unlinkat(pins, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return errno == EBUSY && error != -EINVAL ? error : -errno;
	link_name(name, link);
	if (unlinkat(pins, link, 0) < 0 && errno != ENOENT)
		return -errno;
	return 0;
}

/* Is the image that the pin was made of where it was, as it was? */
static bool is_current(int pins, const struct pin *pin)
{
	char link[LINK_NAME_SIZE];
	struct stat st;
	struct pin now;

	link_name(pin->name, link);
	if (fstatat(pins, link, &st, 0) < 0)
		return false;
	pin_of(&st, &now);
	return strcmp(now.name, pin->name) == 0;
}

/*
 * Of a directory, or of a link that a killed launcher left without one.
 * False: the entry tells of no pin.
 */
static bool look_at_pin(int pins, const char *entry, struct pin *pin)
{
	size_t len = strlen(entry);
	char name[LINK_NAME_SIZE];
	auto_close int fd = -1;
	bool is_link;

	is_link = len > strlen(LINK_SUFFIX) && len < sizeof(name) &&
		  strcmp(entry + len - strlen(LINK_SUFFIX), LINK_SUFFIX) == 0;
	if (is_link)
		len -= strlen(LINK_SUFFIX);
	snprintf(name, sizeof(name), "%.*s", (int)len, entry);
	if (!parse_name(name, pin))
		return false;
	fd = openat(pins, pin->name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (is_link)
		return fd < 0 && errno == ENOENT;
	pin->is_current = is_current(pins, pin);
	pin->is_mounted = fd >= 0 && is_mount(pins, fd);
	return true;
}

static int list_pins(int pins, struct pin **out, size_t *n, struct err *err)
{
	auto_closedir DIR *dir = directory_list(pins);
	auto_free struct pin *list = NULL;
	struct dirent *entry;
	size_t n_list = 0;

	if (!dir)
		return err_sys(err, errno, "list the pins");
	while (errno = 0, (entry = readdir(dir))) {
		struct pin pin, *place;

		if (!look_at_pin(pins, entry->d_name, &pin))
			continue;
		place = array_push(list, n_list);
		if (!place)
			return err_sys(err, ENOMEM, "pins");
		*place = pin;
	}
	if (errno)
		return err_sys(err, errno, "list the pins");
	*out = TAKE(list);
	*n = n_list;
	return 0;
}

/*
 * Nobody will ask for them again.  A directory without a mount stays, for the
 * mount may be in another mount namespace, and would go with it; prune removes
 * it.
 */
static int remove_outdated(int pins, struct err *err)
{
	auto_free struct pin *list = NULL;
	size_t i, n;

	if (list_pins(pins, &list, &n, err) < 0)
		return -1;
	for (i = 0; i < n; i++)
		if (!list[i].is_current)
			remove_pin(pins, list[i].name);
	return 0;
}

/*
 * The link and the directory, which may be there for a launch that was killed,
 * or for one in another mount namespace.  0 or -errno.
 */
static int make_place(int pins, const struct pin *pin, const char *image,
		      bool *is_new)
{
	char link[LINK_NAME_SIZE];

	link_name(pin->name, link);
	if ((unlinkat(pins, link, 0) < 0 && errno != ENOENT) ||
	    symlinkat(image, pins, link) < 0)
		return -errno;
	*is_new = mkdirat(pins, pin->name, 0700) == 0;
	return *is_new || errno == EEXIST ? 0 : -errno;
}

/* The image itself, or its detached mount where there are such. */
struct pinned {
	int file;
	const struct image_form *form;
	int mount; /* -1: mount(2) has to do */
};

static int fill_place(int pins, const struct pin *pin,
		      const struct pinned *what, struct err *err)
{
	int error;

	if (what->mount < 0)
		return image_mount_at(what->file, what->form, pins, pin->name,
				      err);
	error = mount_attach(what->mount, pins, pin->name);
	if (error == 0)
		return 1;
	if (error == -ENOSYS || error == -EPERM)
		return image_mount_at(what->file, what->form, pins, pin->name,
				      err);
	if (!mount_is_missing(-error))
		return err_sys(err, -error, "pin it");
	err_sys_kind(err, ERR_NONE, -error, "pin it");
	return 0;
}

static int attach(int pins, const struct pin *pin, const char *path,
		  const struct pinned *what, struct err *err)
{
	auto_free char *real = realpath(path, NULL);
	bool is_new = false;
	int error, made;

	if (!real) { /* removed meanwhile, as by a prune of the store */
		err_sys_kind(err, ERR_NONE, errno, "pin it");
		return 0;
	}
	error = make_place(pins, pin, real, &is_new);
	made = error < 0 ? err_sys(err, -error, "pin it")
			 : fill_place(pins, pin, what, err);
	if (made != 1 && is_new)
		remove_pin(pins, pin->name);
	else if (made != 1)
		unmount_pin(pins, pin->name);
	return made;
}

/* The lock is held. */
static int make_pin(int pins, const struct pin *pin, int file, const char *path,
		    const struct image_form *form, bool *by_loop,
		    struct err *err)
{
	struct pinned what = {file, form, -1};
	int made;

	if (remove_outdated(pins, err) < 0)
		return -1;
	unmount_pin(pins, pin->name); /* it was found out of order */
	made = image_mount(file, form, &what.mount, by_loop, err);
	if (made != 1 && !image_mount_is_old(made, err))
		return made;
	if (made != 1)
		*by_loop = true;
	made = attach(pins, pin, path, &what, err);
	if (what.mount >= 0)
		close(what.mount);
	return made;
}

int pin_find(int file, const struct image_form *form)
{
	struct err ignored;
	auto_close int pins = open_pins(&ignored);
	struct stat st;
	struct pin pin;

	if (pins < 0 || fstat(file, &st) < 0 || !image_owner_is_trusted(&st))
		return -1;
	pin_of(&st, &pin);
	return open_pin(pins, pin.name, form);
}

int pin_open(int file, const char *path, const struct image_form *form,
	     int *root, bool *by_loop, struct err *err)
{
	auto_close int pins = open_pins(err);
	struct stat st;
	struct pin pin;
	int made = 1;

	*by_loop = false;
	if (pins < 0)
		return 0;
	if (fstat(file, &st) < 0)
		return err_sys(err, errno, "image");
	pin_of(&st, &pin);
	if (flock(pins, LOCK_EX) < 0)
		return err_sys(err, errno, "lock the pins");
	*root = open_pin(pins, pin.name, form); /* it may be there by now */
	if (*root < 0)
		made = make_pin(pins, &pin, file, path, form, by_loop, err);
	if (*root < 0 && made == 1)
		*root = open_pin(pins, pin.name, form);
	flock(pins, LOCK_UN);
	if (made == 1 && *root < 0)
		return err_set(
			err, ERR_SYSTEM,
			"the pin /run/jailwright/pins/%s is not what was "
			"mounted there",
			pin.name);
	return made;
}

static int compare_pins(const void *a, const void *b)
{
	return strcmp(((const struct pin *)a)->name,
		      ((const struct pin *)b)->name);
}

int pin_list(struct pin **out, size_t *n, struct err *err)
{
	auto_close int pins = open_pins(err);

	if (pins < 0 || list_pins(pins, out, n, err) < 0)
		return -1;
	if (*n)
		qsort(*out, *n, sizeof(**out), compare_pins);
	return 0;
}

int pin_remove(const char *name, bool is_all, struct err *err)
{
	auto_close int pins = open_pins(err);
	struct pin pin;
	int error;

	if (pins < 0)
		return -1;
	if (!parse_name(name, &pin))
		return err_set(err, ERR_USAGE, "\"%s\" is no pin's name", name);
	if (flock(pins, LOCK_EX) < 0)
		return err_sys(err, errno, "lock the pins");
	/* It may have been finished since it was listed. */
	if (!is_all && look_at_pin(pins, name, &pin) && pin.is_current &&
	    pin.is_mounted)
		return 0;
	error = remove_pin(pins, pin.name);
	return error < 0 ? err_sys(err, -error, "remove pin %s", name) : 0;
}
