#include "root_place.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "devices.h"
#include "limit.h"
#include "mount_calls.h"
#include "root_target.h"

/* --- flags */

unsigned root_place_flags(const struct root_place *place)
{
	unsigned flags = MOUNT_ATTR_NOSUID;

	if (place->kind == PLACE_DEVICES)
		flags |= MOUNT_ATTR_NOEXEC;
	else
		flags |= MOUNT_ATTR_NODEV;
	return place->is_writable ? flags : flags | MOUNT_ATTR_RDONLY;
}

unsigned root_flags(const struct root_view *view)
{
	unsigned flags = MOUNT_ATTR_NOSUID;

	if (view->has_no_nodes)
		flags |= MOUNT_ATTR_NODEV;
	return view->is_writable || view->is_own_tree
		       ? flags
		       : flags | MOUNT_ATTR_RDONLY;
}

int root_set_flags(struct root_attempt *attempt, int fd, unsigned flags)
{
	int error = mount_set(fd, flags);

	if (error != -ENOSYS)
		return ROOT_FAIL(attempt, STEP_FLAGS, error);
	attempt->has_late_flags = true;
	return 0;
}

static int set_late_flags(struct root_attempt *attempt, int fd, unsigned flags)
{
	char path[32]; /* it may be a file */

	if (!attempt->is_old && !attempt->has_late_flags)
		return 0;
	mount_fd_path(fd, path);
	return ROOT_FAIL(attempt, STEP_FLAGS,
			 mount_old(NULL, path, NULL,
				   MS_REMOUNT | MS_BIND | (unsigned long)flags,
				   NULL));
}

/*
 * A copy of a mount that is shared is so, too, and what is mounted on it would
 * appear on the first, to stay there.  mount_set() has seen to it, if it could.
 */
static int set_private_late(struct root_attempt *attempt, int fd)
{
	char path[32];

	if (!attempt->is_old && !attempt->has_late_flags)
		return 0;
	mount_fd_path(fd, path);
	return ROOT_FAIL(attempt, STEP_PRIVATE,
			 mount_old(NULL, path, NULL, MS_PRIVATE, NULL));
}

/* --- mounts that are nowhere yet */

struct tmpfs_words {
	char size[32], inodes[32], mode[16], uid[16], gid[16];
};

static void tmpfs_words(const struct root_place *place,
			struct tmpfs_words *words)
{
	uint64_t pages = place->size / 4096;

	/* 0 would mean without bound; so would a file for each byte. */
	snprintf(words->size, sizeof(words->size), "%" PRIu64,
		 place->size == LIMIT_UNLIMITED ? 0 : place->size);
	snprintf(words->inodes, sizeof(words->inodes), "%" PRIu64,
		 place->size == LIMIT_UNLIMITED ? 0
		 : pages > 1024			? pages
						: 1024);
	snprintf(words->mode, sizeof(words->mode), "%o", place->mode);
	snprintf(words->uid, sizeof(words->uid), "%u", place->uid);
	snprintf(words->gid, sizeof(words->gid), "%u", place->gid);
}

static unsigned tmpfs_flags(const struct root_place *place)
{
	return MOUNT_ATTR_NOSUID |
	       (place->kind == PLACE_DEVICES ? MOUNT_ATTR_NOEXEC
					     : MOUNT_ATTR_NODEV);
}

int root_tmpfs_make(const struct root_place *place)
{
	const bool is_roots = place->uid == 0 && place->gid == 0;
	struct tmpfs_words words;
	const struct mount_option options[] = {
		{"size", words.size}, {"nr_inodes", words.inodes},
		{"mode", words.mode}, {is_roots ? NULL : "uid", words.uid},
		{"gid", words.gid},   {NULL, NULL}};

	tmpfs_words(place, &words);
	return mount_make("tmpfs", options, tmpfs_flags(place));
}

/* The nodes, and directories for what is mounted below. */
static int fill_devices(const struct root_attempt *attempt, int dev_fd)
{
	const struct root_view *view = attempt->view;
	struct err ignored;
	size_t i;

	if (devices_fill(dev_fd, view->devices, &ignored) < 0)
		return ignored.sys ? -ignored.sys : -EINVAL;
	for (i = 0; i < view->n; i++) {
		const char *target = view->places[i].target;

		if (strncmp(target, "/dev/", 5) == 0 &&
		    !view->places[i].is_file && !strchr(target + 5, '/') &&
		    mkdirat(dev_fd, target + 5, 0755) < 0)
			return -errno;
	}
	return 0;
}

int root_place_make(struct root_attempt *attempt,
		    const struct root_place *place)
{
	bool is_copy = place->source_fd >= 0;
	auto_close int mount = is_copy ? mount_clone(place->source_fd, false)
				       : root_tmpfs_make(place);
	int error = 0;

	if (mount < 0)
		return ROOT_FAIL(attempt, is_copy ? STEP_BIND : STEP_TMPFS,
				 mount);
	if (place->kind == PLACE_DEVICES && !is_copy)
		error = ROOT_FAIL(attempt, STEP_DEVICES,
				  fill_devices(attempt, mount));
	if (error == 0 && place->kind != PLACE_TMPFS)
		error = root_set_flags(attempt, mount, root_place_flags(place));
	return error < 0 ? error : take_fd(&mount);
}

/* --- mounts in their places */

static int attach_old(const struct root_place *place, int target)
{
	struct tmpfs_words words;
	char data[160], source[32];

	if (place->source_fd >= 0) {
		char name[32];

		mount_fd_path(place->source_fd, source);
		mount_fd_path(target, name);
		return mount_old(source, name, NULL, MS_BIND, NULL);
	}
	tmpfs_words(place, &words);
	snprintf(data, sizeof(data),
		 "size=%s,nr_inodes=%s,mode=%s,uid=%s,gid=%s", words.size,
		 words.inodes, words.mode, words.uid, words.gid);
	mount_fd_path(target, source);
	return mount_old("tmpfs", source, "tmpfs", tmpfs_flags(place), data);
}

static int attach_place(struct root_attempt *attempt, size_t i)
{
	const struct root_place *place = &attempt->view->places[i];
	auto_close int target = root_target_open(attempt->root, place);
	int error;

	if (target < 0)
		return ROOT_FAIL(attempt, STEP_TARGET, target);
	if (!attempt->is_old)
		return ROOT_FAIL(attempt, STEP_ATTACH,
				 mount_attach(attempt->mounts[i], target, ""));
	error = ROOT_FAIL(attempt, STEP_ATTACH, attach_old(place, target));
	if (error < 0)
		return error;
	attempt->mounts[i] = root_target_open(attempt->root, place);
	if (attempt->mounts[i] < 0)
		return ROOT_FAIL(attempt, STEP_TARGET, attempt->mounts[i]);
	if (place->kind == PLACE_DEVICES && place->source_fd < 0)
		return ROOT_FAIL(attempt, STEP_DEVICES,
				 fill_devices(attempt, attempt->mounts[i]));
	return 0;
}

int root_places_attach(struct root_attempt *attempt)
{
	int error = set_private_late(attempt, attempt->root);
	size_t i;

	for (i = 0; error == 0 && i < attempt->view->n; i++) {
		const struct root_place *place = &attempt->view->places[i];

		error = attach_place(attempt, i);
		if (error == 0)
			error = set_private_late(attempt, attempt->mounts[i]);
		if (error == 0 && place->kind != PLACE_TMPFS)
			error = set_late_flags(attempt, attempt->mounts[i],
					       root_place_flags(place));
	}
	if (error == 0 && !attempt->view->is_writable)
		error = set_late_flags(attempt, attempt->root,
				       root_flags(attempt->view));
	return error;
}
