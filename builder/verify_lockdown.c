#include "verify_lockdown.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "homes.h"
#include "lockdown.h"
#include "notes.h"

/*
 * A path of the manifest as a pattern: {lib} and its like stand for something
 * of the target, which an image does not name.
 */
static char *path_pattern(const char *path)
{
	char *pattern = malloc(2 * strlen(path) + 1), *out = pattern;

	while (pattern && *path) {
		const char *end = *path == '{' ? strchr(path, '}') : NULL;

		if (end) {
			*out++ = '*';
			path = end + 1;
			continue;
		}
		if (strchr("*?[]\\", *path))
			*out++ = '\\';
		*out++ = *path++;
	}
	if (pattern)
		*out = '\0';
	return pattern;
}

/* So that an image cannot make us search for ever. */
enum { PATTERNS_MAX = 100, VARIABLES_MAX = 3 };

static bool is_costly(const char *path, size_t *n_patterns)
{
	size_t n = 0;

	for (; *path; path++)
		n += *path == '{';
	return n > VARIABLES_MAX || ++*n_patterns > PATTERNS_MAX;
}

/* As the builder reads a path: /bin/su is /usr/bin/su where /bin is a link to
 * usr/bin.  NULL: no memory. */
static char *through_top_link(const struct tree *tree, const char *path)
{
	size_t len = 1 + strcspn(path + 1, "/");
	auto_free char *top = strndup(path, len);
	const struct node *node = top ? tree_find(tree, top) : NULL;
	char *out = NULL;

	if (!top)
		return NULL;
	if (!node || node->type != NODE_SYMLINK || !path[len])
		return strdup(path);
	if (asprintf(&out, "/%s%s", node->target + (*node->target == '/'),
		     path + len) < 0)
		return NULL;
	return out;
}

static int except(struct tree *tree, const char *named, unsigned exception,
		  size_t *n_patterns, struct err *err)
{
	auto_free char *pattern = NULL;
	auto_free char *path = through_top_link(tree, named);
	struct node *node;

	if (!path)
		return err_sys(err, ENOMEM, "%s", named);
	if (!strchr(path, '{')) {
		node = tree_find(tree, path);
		if (node)
			node->exceptions |= exception;
		return 0;
	}
	if (is_costly(path, n_patterns))
		return err_set(err, ERR_INPUT,
			       "/.jail/manifest: too many exceptions with "
			       "variables: %s",
			       path);
	pattern = path_pattern(path);
	if (!pattern)
		return err_sys(err, ENOMEM, "%s", path);
	for (size_t i = 0; i < tree->n; i++)
		if (fnmatch(pattern, tree->nodes[i]->path, FNM_PATHNAME) == 0)
			tree->nodes[i]->exceptions |= exception;
	return 0;
}

static int apply_exceptions(struct tree *tree, const struct manifest *manifest,
			    struct err *err)
{
	size_t n_patterns = 0;

	for (size_t i = 0; manifest && i < manifest->n; i++) {
		const struct entry *entry = &manifest->entries[i];
		int status = 0;

		if (entry->verb == VERB_CAPS)
			status = except(tree, entry->args[0], MAY_CAPS,
					&n_patterns, err);
		else if (entry->verb == VERB_ALLOW)
			status = except(tree, entry->args[1],
					strcmp(entry->args[0], "setuid") == 0
						? MAY_SETUID
						: MAY_WRITE,
					&n_patterns, err);
		if (status < 0)
			return -1;
	}
	return 0;
}

/* The n-th field of a line of /etc/passwd, or NULL. */
static char *field(char *line, unsigned n)
{
	char *rest = line, *at;

	do
		at = strsep(&rest, ":");
	while (at && n-- > 0);
	return at;
}

static void apply_home(struct tree *tree, const char *line)
{
	auto_free char *uid_copy = strdup(line), *gid_copy = strdup(line);
	auto_free char *home_copy = strdup(line);
	char *uid, *gid, *home;
	struct node *node;

	if (!uid_copy || !gid_copy || !home_copy)
		return;
	uid = field(uid_copy, 2);
	gid = field(gid_copy, 3);
	home = field(home_copy, 5);
	node = home && *home == '/' && !home_is_shared(home)
		       ? tree_find(tree, home)
		       : NULL;
	if (node && node->type == NODE_DIR &&
	    node->uid == strtoul(uid, NULL, 10) &&
	    node->gid == strtoul(gid, NULL, 10))
		node->exceptions |= IS_HOME;
}

/* Homes are who they belong to by the image's own list of users. */
static int apply_homes(struct tree *tree, struct err *err)
{
	const struct node *passwd = tree_find(tree, "/etc/passwd");
	auto_free char *text = NULL;
	char *rest = NULL;

	if (!passwd || passwd->content != CONTENT_TEXT)
		return 0;
	text = strdup(passwd->text);
	if (!text)
		return err_sys(err, ENOMEM, "/etc/passwd");
	for (char *line = strtok_r(text, "\n", &rest); line;
	     line = strtok_r(NULL, "\n", &rest))
		apply_home(tree, line);
	return 0;
}

static int check_node(struct image *image, struct node *node, struct err *err)
{
	struct notes notes = {0};
	struct err why = {0};
	int status = 0;

	if (lockdown_node(node, &notes, &why) < 0) {
		if (why.kind == ERR_SYSTEM) {
			*err = why;
			status = -1;
		} else {
			status = flaws_add(&image->flaws, NULL,
					   "a build would refuse it: %s",
					   why.msg);
		}
	}
	for (size_t i = 0; status == 0 && i < notes.n; i++)
		status = flaws_add(&image->flaws, NULL, "a build would say: %s",
				   notes.items[i].text);
	notes_clear(&notes);
	return status;
}

int verify_lockdown(struct image *image, const struct manifest *manifest,
		    struct err *err)
{
	struct tree *tree = image->tree;

	if (apply_exceptions(tree, manifest, err) < 0 ||
	    apply_homes(tree, err) < 0)
		return -1;
	for (size_t i = 0; i < tree->n; i++)
		if (check_node(image, tree->nodes[i], err) < 0)
			return err->kind ? -1 : err_sys(err, ENOMEM, "verify");
	return 0;
}
