/*
 * What every image has, and what `omit` takes away again.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pattern.h"
#include "plan_parts.h"

/* Ours, never the source's, whose services need libraries and daemons. */
static const char nsswitch[] = "passwd: files\n"
			       "group: files\n"
			       "shadow: files\n"
			       "hosts: files dns\n"
			       "networks: files\n"
			       "protocols: files\n"
			       "services: files\n";

static int put_text(struct plan *plan, const char *name, char *text, size_t len,
		    struct err *err)
{
	auto_free char *path = strdup(name);
	struct reason always = {.relation = NULL};
	struct node want = {
		.path = path,
		.type = NODE_FILE,
		.content = CONTENT_TEXT,
		.text = text,
		.size = (off_t)len,
		.mode = 0644,
		.rank = RANK_SOURCE,
	};

	if (!path)
		return err_sys(err, ENOMEM, "plan %s", name);
	return plan_put(plan, &want, &always, err);
}

static int put_nsswitch(struct plan *plan, struct err *err)
{
	const struct node *node = tree_find(plan->tree, "/etc/nsswitch.conf");
	auto_free char *text = strdup(nsswitch);

	if (!text)
		return err_sys(err, ENOMEM, "plan /etc/nsswitch.conf");
	/* The manifest may write its own. */
	if (node && node->reason.entry && node->type == NODE_FILE &&
	    node->content != CONTENT_SOURCE)
		return 0;
	return put_text(plan, "/etc/nsswitch.conf", text, strlen(text), err);
}

static int put_dir(struct plan *plan, char *path, mode_t mode, struct err *err)
{
	struct reason always = {.relation = NULL};
	struct node want = {
		.path = path,
		.type = NODE_DIR,
		.mode = mode,
		.rank = RANK_GIVEN,
	};

	return plan_put(plan, &want, &always, err);
}

/* What the launcher mounts on, unless the manifest has put something there. */
static int put_place(struct plan *plan, char *path, struct err *err)
{
	return tree_find(plan->tree, path) ? 0 : put_dir(plan, path, 0755, err);
}

/* Without /dev an image cannot be mounted; /proc is for `need proc`. */
static int put_places(struct plan *plan, struct err *err)
{
	char tmp[] = "/tmp", dev[] = "/dev", proc[] = "/proc";

	if (put_dir(plan, tmp, 01777, err) < 0 || put_place(plan, dev, err) < 0)
		return -1;
	return plan->has_proc ? put_place(plan, proc, err) : 0;
}

static int put_manifest(struct plan *plan, struct err *err)
{
	auto_free char *text = NULL;
	size_t len;

	if (manifest_text(plan->manifest, &text, &len, err) < 0)
		return -1;
	return put_text(plan, "/.jail/manifest", text, len, err);
}

/* Programs are called /bin/sh by everyone: where the source has such a link to
 * a directory that the image has, the image has the link. */
static int put_merged(struct plan *plan, const char *path, struct err *err)
{
	struct reason always = {.relation = "link of the source"};
	auto_free char *real = NULL;
	struct stat st;
	int error;

	error = source_lstat(plan->source, path, &st);
	if (source_failed(error))
		return err_sys(err, -error, "%s", path);
	if (error < 0 || !S_ISLNK(st.st_mode) || tree_find(plan->tree, path))
		return 0;
	error = source_realpath(plan->source, path, &real, NULL);
	if (source_failed(error))
		return err_sys(err, -error, "%s", path);
	if (error < 0 || strncmp(real, "/usr/", 5) != 0 ||
	    !tree_find(plan->tree, real))
		return 0;
	return plan_source_path(plan, path, &always, NULL, err);
}

static int put_all_merged(struct plan *plan, struct err *err)
{
	static const char *const paths[] = {"/bin",   "/sbin",	"/lib",
					    "/lib32", "/lib64", "/libx32"};

	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++)
		if (put_merged(plan, paths[i], err) < 0)
			return -1;
	return 0;
}

int plan_always(struct plan *plan, struct err *err)
{
	if (put_places(plan, err) < 0 || put_nsswitch(plan, err) < 0 ||
	    put_all_merged(plan, err) < 0)
		return -1;
	return put_manifest(plan, err);
}

/* What the launcher cannot do without. */
static bool is_kept(const char *path)
{
	static const char *const kept[] = {
		"/.jail",      "/.jail/manifest", "/etc",
		"/etc/passwd", "/etc/group",	  "/tmp",
	};

	for (size_t i = 0; i < sizeof(kept) / sizeof(*kept); i++)
		if (strcmp(path, kept[i]) == 0)
			return true;
	return false;
}

static bool is_omitted(const struct node *node, void *context)
{
	const char *name = strrchr(node->path, '/') + 1;
	const char *glob = context;

	return !is_kept(node->path) &&
	       pattern_match(glob, *glob == '/' ? node->path : name);
}

int plan_omit(struct plan *plan, struct err *err)
{
	for (size_t i = 0; i < plan->manifest->n; i++) {
		const struct entry *entry = &plan->manifest->entries[i];
		auto_free char *glob = NULL;

		if (entry->verb != VERB_OMIT)
			continue;
		if (plan_expand(plan, entry, entry->args[0], &glob, err) < 0)
			return -1;
		if (tree_remove_if(plan->tree, is_omitted, glob) == 0 &&
		    !entry->optional)
			return entry_error(entry, err,
					   "%s: nothing in the image matches",
					   glob);
	}
	return 0;
}

/* The exceptions that the manifest makes from the lockdown. */
static int except(struct plan *plan, const struct entry *entry,
		  const char *path, enum exception exception, struct err *err)
{
	auto_free char *place = NULL;
	struct node *node;

	if (plan_made_path(plan, entry, path, &place, err) < 0)
		return -1;
	node = tree_find(plan->tree, place);
	if (!node && entry->optional)
		return 0;
	if (!node || node->type == NODE_SYMLINK)
		return entry_error(entry, err, "%s is %s", place,
				   node ? "a link; name what it leads to"
					: "not in the image");
	node->exceptions |= exception;
	if (exception != MAY_CAPS)
		return 0;
	if (node->type != NODE_FILE)
		return entry_error(entry, err, "%s is no file", place);
	free(node->caps);
	node->caps = strdup(entry->args[1]);
	return node->caps ? 0 : err_sys(err, ENOMEM, "plan %s", place);
}

int plan_exceptions(struct plan *plan, struct err *err)
{
	for (size_t i = 0; i < plan->manifest->n; i++) {
		const struct entry *entry = &plan->manifest->entries[i];
		int result = 0;

		if (entry->verb == VERB_CAPS)
			result = except(plan, entry, entry->args[0], MAY_CAPS,
					err);
		else if (entry->verb == VERB_ALLOW)
			result = except(plan, entry, entry->args[1],
					strcmp(entry->args[0], "setuid") == 0
						? MAY_SETUID
						: MAY_WRITE,
					err);
		if (result < 0)
			return -1;
	}
	return 0;
}

/* Files that a program of the jail might look for outside of its task. */
static int put_decoys(struct plan *plan, struct err *err)
{
	static const char *const decoys[] = {
		"/etc/gshadow",
		"/etc/shadow",
		"/etc/sudoers",
	};
	const struct entry *entry = manifest_find(plan->manifest, VERB_OPAQUE);
	struct reason reason = {entry, NULL, "decoy"};
	char empty[] = "";

	for (size_t i = 0; i < sizeof(decoys) / sizeof(*decoys); i++) {
		auto_free char *path = strdup(decoys[i]);
		struct node want = {
			.path = path,
			.type = NODE_FILE,
			.content = CONTENT_TEXT,
			.text = empty,
			.mode = 0600,
			.rank = RANK_GIVEN,
		};

		if (!path)
			return err_sys(err, ENOMEM, "plan %s", decoys[i]);
		if (!tree_find(plan->tree, path) &&
		    plan_put(plan, &want, &reason, err) < 0)
			return -1;
	}
	return 0;
}

/* A directory that is only there for what is in it cannot be listed; those
 * that the manifest names can: programs list their data directories. */
int plan_make_opaque(struct plan *plan, struct err *err)
{
	if (!plan->is_opaque)
		return 0;
	if (put_decoys(plan, err) < 0)
		return -1;
	for (size_t i = 0; i < plan->tree->n; i++) {
		struct node *node = plan->tree->nodes[i];

		if (node->type == NODE_DIR && node->rank == RANK_ABOVE)
			node->mode = 0711;
	}
	return 0;
}
