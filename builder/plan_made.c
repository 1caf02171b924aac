/*
 * dir, link, text, copy, dev: what the manifest makes itself.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "known_device.h"
#include "listing.h"
#include "plan_parts.h"

int plan_dir(struct plan *plan, const struct entry *entry, struct err *err)
{
	auto_free char *path = NULL;
	const char *mode = entry_value(entry, "mode");
	struct reason reason = {.entry = entry};
	struct node want = {
		.type = NODE_DIR,
		.mode = plan_mode(mode, 0755),
		.rank = mode ? RANK_GIVEN : RANK_SOURCE,
	};

	if (plan_made_path(plan, entry, entry->args[0], &path, err) < 0)
		return -1;
	want.path = path;
	return plan_put(plan, &want, &reason, err);
}

int plan_link(struct plan *plan, const struct entry *entry, struct err *err)
{
	auto_free char *path = NULL, *target = NULL;
	struct reason reason = {.entry = entry};
	struct node want = {.type = NODE_SYMLINK, .mode = 0777};

	if (plan_made_path(plan, entry, entry->args[0], &path, err) < 0 ||
	    plan_expand(plan, entry, entry->args[1], &target, err) < 0)
		return -1;
	want.path = path;
	want.target = target;
	return plan_put(plan, &want, &reason, err);
}

int plan_text(struct plan *plan, const struct entry *entry, struct err *err)
{
	auto_free char *path = NULL;
	const char *mode = entry_value(entry, "mode");
	struct reason reason = {.entry = entry};
	struct node want = {
		.type = NODE_FILE,
		.content = CONTENT_TEXT,
		.text = entry->args[1],
		.size = (off_t)strlen(entry->args[1]),
		.mode = plan_mode(mode, 0644),
		.rank = mode ? RANK_GIVEN : RANK_SOURCE,
	};

	if (plan_made_path(plan, entry, entry->args[0], &path, err) < 0)
		return -1;
	want.path = path;
	return plan_put(plan, &want, &reason, err);
}

int plan_dev(struct plan *plan, const struct entry *entry, struct err *err)
{
	const char *name = entry->args[0];
	const struct known_device *device =
		known_device_named(name, strlen(name));
	struct reason reason = {.entry = entry};
	char path[32];
	struct node want = {
		.path = path,
		.type = NODE_CHAR,
		.mode = 0666,
		.rank = RANK_GIVEN,
	};

	if (!device)
		return entry_error(
			entry, err,
			"%s: no such device; known: " KNOWN_DEVICE_WORDS, name);
	snprintf(path, sizeof(path), "/dev/%s", device->name);
	want.rdev = makedev(device->major, device->minor);
	return plan_put(plan, &want, &reason, err);
}

/* One thing to copy from beside the manifest. */
struct copied {
	const struct entry *entry;
	const char *top; /* what `copy` names, a path of the host */
	const struct source *host; /* the same as a root, if a directory */
	const char *local; /* in that root, "" for itself */
	char *path; /* in the image */
};

static int copy_missing(const struct copied *copied, int error, struct err *err)
{
	auto_free char *name = NULL;

	if (asprintf(&name, "%s%s", copied->top, copied->local) < 0) {
		name = NULL;
		return err_sys(err, ENOMEM, "%s", copied->top);
	}
	return plan_missing(copied->entry, error, name, err);
}

static int copy_file(struct plan *plan, const struct copied *copied,
		     const struct stat *st, struct err *err)
{
	const char *mode = entry_value(copied->entry, "mode");
	struct reason reason = {.entry = copied->entry};
	auto_free char *from = NULL;
	struct node want = {
		.path = copied->path,
		.type = NODE_FILE,
		.content = CONTENT_HOST,
		.mode = plan_mode(mode, st->st_mode & 0111 ? 0755 : 0644),
		.rank = mode ? RANK_GIVEN : RANK_SOURCE,
		.size = st->st_size,
		.identity = {st->st_dev, st->st_ino, st->st_mtim, st->st_ctim},
	};

	if (asprintf(&from, "%s%s", copied->top, copied->local) < 0) {
		from = NULL;
		return err_sys(err, ENOMEM, "%s", copied->top);
	}
	want.from = from;
	return plan_put(plan, &want, &reason, err);
}

static int copy_link(struct plan *plan, const struct copied *copied,
		     struct err *err)
{
	struct reason reason = {.entry = copied->entry};
	struct node want = {
		.path = copied->path,
		.type = NODE_SYMLINK,
		.mode = 0777,
	};
	auto_free char *target = NULL;
	int error = source_readlink(copied->host, copied->local, &target);

	if (error < 0)
		return copy_missing(copied, error, err);
	want.target = target;
	return plan_put(plan, &want, &reason, err);
}

static int copy_dir(struct plan *plan, const struct copied *copied,
		    struct err *err);

static int copy_child(struct plan *plan, const struct copied *copied,
		      struct err *err)
{
	struct stat st;
	int error = source_lstat(copied->host, copied->local, &st);

	if (error < 0)
		return copy_missing(copied, error, err);
	if (S_ISDIR(st.st_mode))
		return copy_dir(plan, copied, err);
	if (S_ISLNK(st.st_mode))
		return copy_link(plan, copied, err);
	if (S_ISREG(st.st_mode))
		return copy_file(plan, copied, &st, err);
	return entry_error(copied->entry, err,
			   "%s%s: neither a file, a directory nor a link",
			   copied->top, copied->local);
}

static int copy_dir(struct plan *plan, const struct copied *copied,
		    struct err *err)
{
	auto_of(listing) struct listing *listing = NULL;
	struct reason reason = {.entry = copied->entry};
	struct node want = {
		.path = copied->path,
		.type = NODE_DIR,
		.mode = 0755,
		.rank = RANK_SOURCE,
	};
	int error = listing_open(
		copied->host, *copied->local ? copied->local : "/", &listing);

	if (error < 0)
		return copy_missing(copied, error, err);
	if (plan_put(plan, &want, &reason, err) < 0)
		return -1;
	for (size_t i = 0; i < listing->n; i++) {
		auto_free char *local = NULL, *path = NULL;
		struct copied child = *copied;

		if (asprintf(&local, "%s/%s", copied->local,
			     listing->names[i]) < 0 ||
		    asprintf(&path, "%s/%s", copied->path, listing->names[i]) <
			    0)
			return err_sys(err, ENOMEM, "%s", copied->top);
		child.local = local;
		child.path = path;
		if (copy_child(plan, &child, err) < 0)
			return -1;
	}
	return 0;
}

/* The manifest's directory and the path that it names. */
static char *beside(const struct entry *entry, const char *local)
{
	const char *slash = strrchr(entry->file, '/');
	char *path = NULL;

	if (*local == '/' || !slash)
		return strdup(local);
	if (strncmp(local, "./", 2) == 0)
		local += 2;
	if (asprintf(&path, "%.*s/%s", (int)(slash - entry->file), entry->file,
		     local) < 0)
		return NULL;
	return path;
}

int plan_copy(struct plan *plan, const struct entry *entry, struct err *err)
{
	auto_free char *top = beside(entry, entry->args[0]), *path = NULL;
	auto_of(source) struct source *host = NULL;
	struct copied copied = {.entry = entry, .top = top, .local = ""};
	struct stat st;

	if (!top)
		return err_sys(err, ENOMEM, "%s", entry->args[0]);
	if (stat(top, &st) < 0)
		return plan_missing(entry, -errno, top, err);
	if (plan_made_path(plan, entry, entry->args[1], &path, err) < 0)
		return -1;
	copied.path = path;
	if (S_ISREG(st.st_mode))
		return copy_file(plan, &copied, &st, err);
	if (!S_ISDIR(st.st_mode))
		return entry_error(entry, err,
				   "%s: neither a file nor a directory", top);
	if (source_open(top, &host, err) < 0)
		return -1;
	copied.host = host;
	return copy_dir(plan, &copied, err);
}
