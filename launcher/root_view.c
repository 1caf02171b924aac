#include "root_view.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "array.h"
#include "device_pin.h"
#include "devices.h"
#include "mount_calls.h"
#include "own_dir.h"
#include "root_copies.h"
#include "root_look.h"
#include "root_requests.h"
#include "rootfd.h"
#include "spec.h"

#define TMP_MOST (256ull << 20)

static uint64_t part_of_memory(void)
{
	struct sysinfo info;
	uint64_t eighth;

	if (sysinfo(&info) < 0)
		return TMP_MOST;
	eighth = (uint64_t)info.totalram * info.mem_unit / 8;
	return eighth < TMP_MOST ? eighth : TMP_MOST;
}

uint64_t root_view_size(struct root_view *view, const struct jail_spec *spec)
{
	const struct jail_limit *limit = &spec->limits[LIMIT_TMP];

	if (limit->is_set)
		return limit->value;
	if (view->default_size == 0)
		view->default_size = part_of_memory();
	return view->default_size;
}

struct root_place *root_view_find(const struct root_view *view,
				  const char *target)
{
	size_t i;

	for (i = 0; i < view->n; i++)
		if (strcmp(view->places[i].target, target) == 0)
			return &view->places[i];
	return NULL;
}

struct root_place *root_view_add(struct root_view *view,
				 enum root_place_kind kind, const char *target,
				 struct err *err)
{
	struct root_place *place = array_push(view->places, view->n);

	if (place) {
		place->kind = kind;
		place->source_fd = -1;
		place->target = strdup(target);
	}
	if (!place || !place->target) {
		err_sys(err, ENOMEM, "root");
		return NULL;
	}
	return place;
}

/* Overlay tells of its upper layer. */
bool root_view_is_full(const struct root_view *view, int root_fd)
{
	bool full = view->is_writable && view->persist_fd < 0 &&
		    root_is_full(root_fd);
	size_t i;

	for (i = 0; i < view->n && !full; i++) {
		const struct root_place *place = &view->places[i];
		auto_close int fd = -1;

		if (place->kind != PLACE_TMPFS)
			continue;
		fd = root_open_nolinks(root_fd, place->target,
				       O_PATH | O_DIRECTORY, 0);
		full = fd >= 0 && root_is_full(fd);
	}
	return full;
}

static int add_fresh(struct root_view *view, const struct jail_spec *spec,
		     const char *target, mode_t mode, bool is_users,
		     struct err *err)
{
	struct root_place *place;

	if (root_view_find(view, target))
		return 0;
	place = root_view_add(view, PLACE_TMPFS, target, err);
	if (!place)
		return -1;
	place->mode = mode;
	place->uid = is_users ? spec->user.uid : 0;
	place->gid = is_users ? spec->user.gid : 0;
	place->size = root_view_size(view, spec);
	place->is_writable = true;
	return 0;
}

static char *path_of(int fd)
{
	char link[32], path[PATH_MAX];
	ssize_t n;

	mount_fd_path(fd, link);
	n = fd < 0 ? 0 : readlink(link, path, sizeof(path));
	return n > 0 && n < (ssize_t)sizeof(path) ? strndup(path, (size_t)n)
						  : NULL;
}

/*
 * A directory of this jail's own tree that has things in it stays as it is: but
 * without root the tree is read-only, so there it is mounted on itself.
 */
static int add_own(struct root_view *view, const char *target, struct err *err)
{
	struct root_place *place;

	if (!view->is_rootless || !view->is_own_tree || view->is_writable ||
	    root_view_find(view, target))
		return 0;
	place = root_view_add(view, PLACE_BIND, target, err);
	if (!place)
		return -1;
	place->is_own = place->is_writable = true;
	place->source_fd = root_open_nolinks(view->root_fd, target,
					     O_PATH | O_DIRECTORY, 0);
	if (place->source_fd < 0)
		return err_sys(err, -place->source_fd, "%s", target);
	place->source = path_of(place->source_fd);
	return place->source ? 0
			     : err_set(err, ERR_HOST,
				       "without root, /proc is needed to find "
				       "where %s is",
				       target);
}

/* What --copy brought there must not be covered. */
static int add_tmp(struct root_view *view, const struct jail_spec *spec,
		   struct err *err)
{
	struct stat st;
	int is_there = root_look_at(view->root_fd, "/tmp", &st, err);
	int is_empty = 1;

	if (is_there != 1)
		return is_there;
	if (view->is_own_tree)
		is_empty = root_directory_is_empty(view->root_fd, "/tmp", err);
	if (is_empty < 0)
		return -1;
	return is_empty ? add_fresh(view, spec, "/tmp", 01777, false, err)
			: add_own(view, "/tmp", err);
}

/*
 * With files of the image in it a home is left as it is; in a root that can be
 * written it needs nothing, if the user is its owner.
 */
static int add_home(struct root_view *view, const struct jail_spec *spec,
		    struct err *err)
{
	const char *home = spec->user.home;
	int is_wanted;
	struct stat st;

	if ((view->is_writable && !spec->own_uid) || !home || *home != '/' ||
	    strstr(home, "/.") || strstr(home, "//") || strcmp(home, "/") == 0)
		return 0;
	is_wanted = root_look_at(view->root_fd, home, &st, err);
	if (is_wanted != 1 ||
	    (view->is_rootless ? st.st_uid != geteuid()
			       : st.st_uid != spec->user.uid &&
					 st.st_uid != spec->image_uid))
		return is_wanted < 0 ? -1 : 0;
	is_wanted = root_directory_is_empty(view->root_fd, home, err);
	if (is_wanted == 0)
		return add_own(view, home, err);
	return is_wanted == 1 ? add_fresh(view, spec, home, st.st_mode & 07777,
					  true, err)
			      : is_wanted;
}

static bool has_place_below(const struct root_view *view, const char *start)
{
	size_t i;

	for (i = 0; i < view->n; i++)
		if (strncmp(view->places[i].target, start, strlen(start)) == 0)
			return true;
	return false;
}

static int add_shm(struct root_view *view, const struct jail_spec *spec,
		   struct err *err)
{
	int is_wanted = spec->need_shm;
	struct stat st;

	if (!is_wanted && spec->root_is_image)
		is_wanted = root_look_at(view->root_fd, "/dev/shm", &st, err);
	return is_wanted == 1
		       ? add_fresh(view, spec, "/dev/shm", 01777, false, err)
		       : is_wanted;
}

/* Terminals of the jail's own; in an image's /dev there is room for them. */
static int add_pts(struct root_view *view, const struct jail_spec *spec,
		   struct err *err)
{
	struct root_place *place;
	struct stat st;
	int is_there;

	if (!spec->need_pts || root_view_find(view, "/dev/pts"))
		return 0;
	is_there = root_look_at(view->root_fd,
				spec->root_is_image ? "/dev" : "/dev/pts", &st,
				err);
	if (is_there < 0)
		return -1;
	if (is_there == 0)
		return err_set(err, ERR_INPUT,
			       "need pts: %s has no /dev%s to mount it on",
			       spec->root_name,
			       spec->root_is_image ? "" : "/pts");
	place = root_view_add(view, PLACE_PTS, "/dev/pts", err);
	if (!place)
		return -1;
	place->is_writable = true;
	return 0;
}

/* By a process of the pid namespace that it is to show. */
static int add_proc(struct root_view *view, const struct jail_spec *spec,
		    struct err *err)
{
	struct root_place *place;

	if (!spec->need_proc)
		return 0;
	if (root_view_find(view, "/proc"))
		return err_set(err, ERR_USAGE,
			       "%s: something else is mounted on /proc",
			       spec->flags->proc ? "--proc" : "need proc");
	place = root_view_add(view, PLACE_PROC, "/proc", err);
	if (!place)
		return -1;
	place->is_given = true;
	return 0;
}

/*
 * The nodes of an image do not work: who owns the file need not have made it.
 * Those of our own table do.
 */
static int add_devices(struct root_view *view, const struct jail_spec *spec,
		       struct err *err)
{
	struct root_place *place;
	struct stat st;
	int is_there;

	if (!spec->root_is_image && !view->is_rootless)
		return 0;
	is_there = root_look_at(view->root_fd, "/dev", &st, err);
	/* Who is not root can have none in a directory or an overlay of his. */
	if (is_there == 1 && !spec->root_is_image && !view->is_writable)
		is_there = root_directory_is_empty(view->root_fd, "/dev", err);
	if (is_there != 1)
		return is_there;
	view->devices = spec->devices ? spec->devices : DEVICES_DEFAULT;
	place = root_view_add(view, PLACE_DEVICES, "/dev", err);
	if (!place)
		return -1;
	place->mode = 0755;
	place->size = 65536;
	if (!has_place_below(view, "/dev/"))
		place->source_fd =
			device_pin_open(view->devices, spec->root_is_pinned);
	return 0;
}

/* Below a place that is writable, or in a writable root, it can be made. */
static bool can_be_made(const struct root_view *view, const char *target)
{
	size_t i;

	for (i = 0; i < view->n; i++) {
		const struct root_place *place = &view->places[i];
		size_t len = strlen(place->target);

		/* In this order: a shorter target ends before its length. */
		if (place->kind == PLACE_TMPFS &&
		    strncmp(place->target, target, len) == 0 &&
		    target[len] == '/')
			return true;
	}
	return view->is_writable;
}

static int refuse_missing(const struct jail_spec *spec, const char *target,
			  struct err *err)
{
	if (spec->root_is_image)
		return err_set(err, ERR_USAGE,
			       "%s is not in the image, and a mount needs a "
			       "place: \"dir %s\" in its manifest makes one, "
			       "and so does --writable",
			       target, target);
	return err_set(err, ERR_USAGE,
		       "%s is not in the root %s, and a mount needs a place: "
		       "make one there, or say --writable",
		       target, spec->root_name);
}

static int check_places(const struct root_view *view,
			const struct jail_spec *spec, struct err *err)
{
	size_t i;

	for (i = 0; i < view->n; i++) {
		const struct root_place *place = &view->places[i];
		auto_close int fd = -1;
		struct stat st;

		if (!place->is_given || can_be_made(view, place->target))
			continue;
		fd = root_open_nolinks(view->root_fd, place->target,
				       O_PATH | O_NOFOLLOW, 0);
		if (fd == -ELOOP)
			return err_set(err, ERR_INPUT,
				       "%s: a link of the image is on the way, "
				       "and links do not say what is mounted "
				       "where",
				       place->target);
		if (root_is_none(fd))
			return refuse_missing(spec, place->target, err);
		if (fd < 0 || fstat(fd, &st) < 0)
			return err_sys(err, fd < 0 ? -fd : errno,
				       "%s of the image", place->target);
		if (S_ISLNK(st.st_mode) ||
		    S_ISDIR(st.st_mode) == place->is_file)
			return err_set(err, ERR_USAGE,
				       "%s: in the image it is %s",
				       place->target,
				       S_ISLNK(st.st_mode)   ? "a link"
				       : S_ISDIR(st.st_mode) ? "a directory"
							     : "no directory");
	}
	return 0;
}

static int set_writable(struct root_view *view, const struct jail_spec *spec,
			struct err *err)
{
	const struct spec_flags *flags = spec->flags;

	view->is_writable = flags->writable.is_given || flags->persist;
	if (flags->writable.is_given && flags->persist)
		return err_set(err, ERR_USAGE,
			       "--writable and --persist: one, not both");
	if (flags->read_only && view->is_writable)
		return err_set(err, ERR_USAGE,
			       "--read-only and --%s contradict each other",
			       flags->persist ? "persist" : "writable");
	if (view->is_writable)
		view->upper_size = root_view_size(view, spec);
	if (flags->writable.value &&
	    limit_parse_size(flags->writable.value, &view->upper_size, err) < 0)
		return err_context(err, "--writable");
	if (!flags->persist)
		return 0;
	if (spec->in_place)
		return err_set(err, ERR_USAGE,
			       "--exec with --persist: nobody would be left to "
			       "keep other jails away from %s",
			       flags->persist);
	view->persist_fd = own_dir_open(AT_FDCWD, flags->persist, err);
	if (view->persist_fd < 0)
		return err_context(err, "--persist");
	/* Two kernels' overlays on one upper layer damage it. */
	if (flock(view->persist_fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	if (errno != EWOULDBLOCK)
		return err_sys(err, errno, "lock --persist %s", flags->persist);
	return err_set(err, ERR_USAGE, "--persist %s: another jail is using it",
		       flags->persist);
}

static int compare_places(const void *a, const void *b)
{
	return strcmp(((const struct root_place *)a)->target,
		      ((const struct root_place *)b)->target);
}

/* There is nobody else in the namespace. */
static void give_to_user(struct root_view *view)
{
	size_t i;

	for (i = 0; i < view->n; i++) {
		view->places[i].uid = view->uid;
		view->places[i].gid = view->gid;
	}
}

/* In the namespace they can no longer be found out. */
static int note_paths(struct root_view *view, struct err *err)
{
	view->root_path = path_of(view->root_fd);
	view->persist_path = path_of(view->persist_fd);
	if (!view->root_path || (view->persist_fd >= 0 && !view->persist_path))
		return err_set(err, ERR_HOST,
			       "without root, /proc is needed to find where "
			       "the root is");
	return 0;
}

static int add_all(struct root_view *view, const struct jail_spec *spec,
		   struct err *err)
{
	const struct spec_flags *flags = spec->flags;

	if (set_writable(view, spec, err) < 0 ||
	    root_requests_add(view, spec, err) < 0)
		return -1;
	view->may_chroot = view->n == 0 && !view->is_rootless &&
			   !view->is_writable && !spec->need_shm &&
			   !spec->need_pts && !spec->need_proc &&
			   !flags->read_only && !spec->root_is_mounted &&
			   !spec->limits[LIMIT_TMP].is_set;
	view->needs_namespace =
		namespaces_have(&spec->namespaces, NAMESPACE_MNT);
	view->has_mounts = spec->root_is_image || !view->may_chroot ||
			   view->needs_namespace || view->is_rootless;
	if (view->has_mounts &&
	    (add_tmp(view, spec, err) < 0 || add_home(view, spec, err) < 0 ||
	     add_shm(view, spec, err) < 0 || add_pts(view, spec, err) < 0 ||
	     add_proc(view, spec, err) < 0 || add_devices(view, spec, err) < 0))
		return -1;
	if (view->is_rootless) {
		give_to_user(view);
		if (note_paths(view, err) < 0)
			return -1;
	}
	if (view->n)
		qsort(view->places, view->n, sizeof(*view->places),
		      compare_places);
	if (check_places(view, spec, err) < 0)
		return -1;
	return root_copies_check(view, spec, err);
}

int root_view_make(const struct jail_spec *spec, struct root_view **out,
		   struct err *err)
{
	auto_of(root_view) struct root_view *view = calloc(1, sizeof(*view));

	if (!view)
		return err_sys(err, ENOMEM, "root");
	view->root_fd = spec->root_fd;
	view->is_rootless = namespaces_are_rootless(&spec->namespaces);
	view->uid = view->is_rootless ? spec->user.uid : 0;
	view->gid = view->is_rootless ? spec->user.gid : 0;
	view->is_own_tree = spec->copies.n > 0;
	view->has_no_nodes = spec->root_is_image;
	view->persist_fd = -1;
	if (add_all(view, spec, err) < 0)
		return -1;
	*out = TAKE(view);
	return 0;
}

void root_view_free(struct root_view *view)
{
	size_t i;

	if (!view)
		return;
	for (i = 0; i < view->n; i++) {
		free(view->places[i].target);
		free(view->places[i].source);
		if (view->places[i].source_fd >= 0)
			close(view->places[i].source_fd);
	}
	free(view->places);
	free(view->root_path);
	free(view->persist_path);
	if (view->persist_fd >= 0)
		close(view->persist_fd);
	free(view);
}
