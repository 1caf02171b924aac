#include "root_place.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "devices.h"
#include "limit.h"
#include "mount_calls.h"
#include "root_proc.h"
#include "root_target.h"

/* --- flags */

/* Of statvfs(), and the same numbers for mount(). */
#define LOCKED (ST_RDONLY | ST_NOSUID | ST_NODEV | ST_NOEXEC)

unsigned root_place_flags(const struct root_place *place)
{
	unsigned flags = MOUNT_ATTR_NOSUID;

	if (place->is_noexec ||
	    (place->kind != PLACE_TMPFS && place->kind != PLACE_BIND))
		flags |= MOUNT_ATTR_NOEXEC;
	if (place->kind != PLACE_DEVICES && place->kind != PLACE_PTS)
		flags |= MOUNT_ATTR_NODEV;
	return place->is_writable ? flags : flags | MOUNT_ATTR_RDONLY;
}

unsigned root_flags(const struct root_view *view)
{
	unsigned flags = MOUNT_ATTR_NOSUID;

	if (view->has_no_nodes)
		flags |= MOUNT_ATTR_NODEV;
	/* Where it belongs to the jail's user its modes say nothing. */
	return view->is_writable || (view->is_own_tree && !view->is_rootless)
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

int root_set_attached_flags(struct root_attempt *attempt, const char *name,
			    unsigned flags)
{
	struct statvfs now;

	/* What the host's mount has is not ours to take away. */
	if (attempt->view->is_rootless) {
		if (statvfs(name, &now) < 0)
			return ROOT_FAIL(attempt, STEP_FLAGS, -errno);
		flags |= now.f_flag & LOCKED;
	}
	return ROOT_FAIL(attempt, STEP_FLAGS,
			 mount_old(NULL, name, NULL,
				   MS_REMOUNT | MS_BIND | (unsigned long)flags,
				   NULL));
}

int root_set_attached_private(struct root_attempt *attempt, const char *name)
{
	return ROOT_FAIL(attempt, STEP_PRIVATE,
			 mount_old(NULL, name, NULL, MS_PRIVATE, NULL));
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
	return MOUNT_ATTR_NOSUID | (place->is_noexec ? MOUNT_ATTR_NOEXEC : 0) |
	       (place->kind == PLACE_DEVICES ? MOUNT_ATTR_NOEXEC
					     : MOUNT_ATTR_NODEV);
}

int root_tmpfs_make(const struct root_place *place)
{
	const bool is_roots = place->uid == 0 && place->gid == 0;
	/* as the kernel makes it when nothing is said */
	const bool is_plain = is_roots && place->mode == 01777;
	struct tmpfs_words words;
	const struct mount_option options[] = {
		{"size", words.size},
		{"nr_inodes", words.inodes},
		{is_plain ? NULL : "mode", words.mode},
		{is_roots ? NULL : "uid", words.uid},
		{"gid", words.gid},
		{NULL, NULL}};

	tmpfs_words(place, &words);
	return mount_make("tmpfs", options, tmpfs_flags(place));
}

int root_place_fill(const struct root_attempt *attempt, int dev_fd)
{
	const struct root_view *view = attempt->view;
	struct err ignored;
	size_t i;

	if ((view->is_rootless ? devices_bind : devices_fill)(
		    dev_fd, view->devices, &ignored) < 0)
		return ignored.sys ? -ignored.sys : -EINVAL;
	for (i = 0; i < view->n; i++) {
		const char *target = view->places[i].target;

		if (strncmp(target, "/dev/", 5) == 0 &&
		    !view->places[i].is_file && !strchr(target + 5, '/') &&
		    mkdirat(dev_fd, target + 5, 0755) < 0)
			return -errno;
		if (view->places[i].kind == PLACE_PTS &&
		    symlinkat("pts/ptmx", dev_fd, "ptmx") < 0)
			return -errno;
	}
	return 0;
}

/* Each mount has terminals of its own. */
#define PTS_MODE "0620"
#define PTS_PTMX_MODE "0666"
#define PTS_MOST "256"

static int make_pts(const struct root_place *place)
{
	static const struct mount_option options[] = {
		{"newinstance", NULL},
		{"ptmxmode", PTS_PTMX_MODE},
		{"mode", PTS_MODE},
		{"max", PTS_MOST},
		{NULL, NULL}};

	return mount_make("devpts", options, root_place_flags(place));
}

static int make_devices(struct root_attempt *attempt,
			const struct root_place *place)
{
	auto_close int mount = root_tmpfs_make(place);
	int error;

	if (mount < 0)
		return ROOT_FAIL(attempt, STEP_TMPFS, mount);
	error = ROOT_FAIL(attempt, STEP_DEVICES,
			  root_place_fill(attempt, mount));
	return error < 0 ? error : take_fd(&mount);
}

static int make_mount(struct root_attempt *attempt,
		      const struct root_place *place)
{
	int mount = -EINVAL;

	if (place->source_fd >= 0)
		mount = mount_clone(place->source_fd, false);
	/* No pin of the devices, or it was pruned meanwhile. */
	if (place->kind == PLACE_DEVICES && mount == -EINVAL)
		return make_devices(attempt, place);
	if (place->kind == PLACE_PTS)
		return ROOT_FAIL(attempt, STEP_PTS, make_pts(place));
	if (place->kind == PLACE_PROC)
		return ROOT_FAIL(attempt, STEP_PROC,
				 root_proc_make(attempt, place));
	if (place->kind != PLACE_TMPFS)
		return ROOT_FAIL(attempt, STEP_BIND, mount);
	return ROOT_FAIL(attempt, STEP_TMPFS, root_tmpfs_make(place));
}

int root_place_make(struct root_attempt *attempt,
		    const struct root_place *place)
{
	auto_close int mount = make_mount(attempt, place);
	int error = 0;

	if (mount >= 0 && place->kind != PLACE_TMPFS)
		error = root_set_flags(attempt, mount, root_place_flags(place));
	return error < 0 ? error : take_fd(&mount);
}

int root_pts_mount(const struct root_place *place, const char *name)
{
	return mount_old("devpts", name, "devpts", root_place_flags(place),
			 "newinstance,ptmxmode=" PTS_PTMX_MODE ",mode=" PTS_MODE
			 ",max=" PTS_MOST);
}

int root_place_mount(const struct root_place *place, const char *name)
{
	struct tmpfs_words words;
	char data[160];

	tmpfs_words(place, &words);
	snprintf(data, sizeof(data),
		 "size=%s,nr_inodes=%s,mode=%s,uid=%s,gid=%s", words.size,
		 words.inodes, words.mode, words.uid, words.gid);
	return mount_old("tmpfs", name, "tmpfs", tmpfs_flags(place), data);
}

/* --- mounts in their places */

static int attach_place(struct root_attempt *attempt, size_t i)
{
	const struct root_place *place = &attempt->view->places[i];
	auto_close int target = root_target_open(attempt->root, place);

	if (target < 0)
		return ROOT_FAIL(attempt, STEP_TARGET, target);
	return ROOT_FAIL(attempt, STEP_ATTACH,
			 mount_attach(attempt->mounts[i], target, ""));
}

int root_finish_place(struct root_attempt *attempt,
		      const struct root_place *place)
{
	const char *name = root_target_enter(attempt->root, place);
	int error;

	if (!name)
		return ROOT_FAIL(attempt, STEP_TARGET, -errno);
	error = root_set_attached_private(attempt, name);
	if (error < 0 || place->kind == PLACE_TMPFS)
		return error;
	return root_set_attached_flags(attempt, name, root_place_flags(place));
}

int root_places_attach(struct root_attempt *attempt)
{
	const bool is_late = attempt->has_late_flags;
	int error = 0;
	size_t i;

	if (is_late && fchdir(attempt->root) < 0)
		return ROOT_FAIL(attempt, STEP_FLAGS, -errno);
	if (is_late)
		error = root_set_attached_private(attempt, ".");
	for (i = 0; error == 0 && i < attempt->view->n; i++) {
		error = attach_place(attempt, i);
		if (error == 0 && is_late)
			error = root_finish_place(attempt,
						  &attempt->view->places[i]);
	}
	if (error < 0 || !is_late || attempt->view->is_writable)
		return error;
	if (fchdir(attempt->root) < 0)
		return ROOT_FAIL(attempt, STEP_FLAGS, -errno);
	return root_set_attached_flags(attempt, ".", root_flags(attempt->view));
}
