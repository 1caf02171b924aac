#include "launch_check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fdio.h"
#include "image_bounds.h"
#include "image_source.h"
#include "nearest.h"
#include "policy_name.h"
#include "program_find.h"

#define PASSWD_MOST ((size_t)4 << 20)
#define USERS_SHOWN 8

/* --- what comes when the jail is launched -------------------------------- */

static bool is_below(const char *path, const char *dir)
{
	size_t len = strcmp(dir, "/") == 0 ? 0 : strlen(dir);

	return strncmp(path, dir, len) == 0 && path[len] == '/' &&
	       path[len + 1] != '\0';
}

/* `dir` of the manifest with nothing in it: something will be mounted there. */
static bool is_mount_point(const struct plan *plan, const struct node *node)
{
	if (node->type != NODE_DIR || !node->reason.entry ||
	    node->reason.entry->verb != VERB_DIR)
		return false;
	for (size_t i = 0; i < plan->tree->n; i++)
		if (is_below(plan->tree->nodes[i]->path, node->path))
			return false;
	return true;
}

/* The launcher's own, and where it puts the caller's files. */
static bool is_filled_later(const struct plan *plan, const char *path)
{
	static const char *const later[] = {"/proc", "/sys", "/dev", "/run",
					    "/tmp"};
	const struct node *node = tree_find(plan->tree, path);

	for (size_t i = 0; i < sizeof(later) / sizeof(*later); i++)
		if (strcmp(path, later[i]) == 0 || is_below(path, later[i]))
			return true;
	return node && is_mount_point(plan, node);
}

/* A link to such a place leads nowhere yet. */
static bool leads_there(const struct plan *plan, const struct source *inside,
			const char *path)
{
	auto_free char *target = NULL;

	return source_readlink(inside, path, &target) == 0 && *target == '/' &&
	       is_filled_later(plan, target);
}

/* The nearest of the directories above that is there decides. */
static bool comes_later(const struct plan *plan, const struct source *inside,
			const char *path)
{
	auto_free char *above = strdup(path);
	char *slash;

	while (above && *above) {
		auto_free char *real = NULL;

		if (source_realpath(inside, above, &real, NULL) == 0)
			return is_filled_later(plan, real);
		if (is_filled_later(plan, above) ||
		    leads_there(plan, inside, above))
			return true;
		slash = strrchr(above, '/');
		if (!slash)
			return false;
		*slash = '\0';
	}
	return false;
}

/* --- the settings -------------------------------------------------------- */

static const char *workdir_of(const struct plan *plan)
{
	const struct entry *entry = manifest_find(plan->manifest, VERB_WORKDIR);

	return entry ? entry->args[0] : "/";
}

static int refuse_program(const struct entry *entry, int error,
			  const char *path, struct err *err)
{
	const char *name = entry->args[0];

	if (source_failed(error))
		return err_sys(err, -error, "entry %s", name);
	if (error == -EISDIR)
		return entry_error(entry, err,
				   "entry %.200s: it is no file, but must be a "
				   "program",
				   name);
	if (error == -EACCES)
		return entry_error(entry, err,
				   "entry %.200s: it is not executable in the "
				   "image; give its line mode=0755",
				   name);
	if (strchr(name, '/'))
		return entry_error(entry, err,
				   "entry %.200s: no such program in the "
				   "image; bring it there by `bin`, `file` or "
				   "`copy`",
				   name);
	return entry_error(entry, err,
			   "entry %.60s: no such program in the image along "
			   "%.200s; add `bin %.60s`, or give its path",
			   name, path, name);
}

static int check_entry(const struct plan *plan, const struct source *inside,
		       const struct entry *entry, struct err *err)
{
	const char *path = program_path(plan->manifest);
	const char *name = entry->args[0];
	auto_free char *from_workdir = NULL;
	int error;

	if (strchr(name, '/') && *name != '/') {
		if (asprintf(&from_workdir, "%s/%s", workdir_of(plan), name) <
		    0)
			return err_sys(err, ENOMEM, "entry %s", name);
		name = from_workdir;
	}
	error = program_find(inside, name, path);
	if (error == 0 || (*name == '/' && error == -ENOENT &&
			   comes_later(plan, inside, name)))
		return 0;
	return refuse_program(entry, error, path, err);
}

static int check_workdir(const struct plan *plan, const struct source *inside,
			 const struct entry *entry, struct err *err)
{
	const char *path = entry->args[0];
	struct stat st;
	int error = source_stat(inside, path, &st);

	if (error == 0 && !S_ISDIR(st.st_mode))
		return entry_error(entry, err,
				   "workdir %.200s: it is no directory", path);
	if (error == 0 || (error == -ENOENT && comes_later(plan, inside, path)))
		return 0;
	if (source_failed(error))
		return err_sys(err, -error, "workdir %s", path);
	return entry_error(entry, err,
			   "workdir %.200s: no such directory in the image; "
			   "add `dir %.200s`",
			   path, path);
}

/* "root, nobody, app": the first words of the lines; *has: name is one. */
static void list_users(char *passwd, const char *name, char *out, size_t size,
		       bool *has)
{
	size_t len = 0, n = 0;

	*has = false;
	*out = '\0';
	for (char *line = passwd; line && *line;) {
		char *next = strchr(line, '\n');
		int word = (int)strcspn(line, ":\n");

		*has |= (int)strlen(name) == word &&
			strncmp(line, name, (size_t)word) == 0;
		if (n++ < USERS_SHOWN && len < size)
			len += (size_t)snprintf(out + len, size - len, "%s%.*s",
						len ? ", " : "", word, line);
		line = next ? next + 1 : NULL;
	}
	if (n > USERS_SHOWN && len < size)
		snprintf(out + len, size - len, ", ...");
}

static int check_run_as(const struct plan *plan, const struct source *inside,
			const struct entry *entry, struct err *err)
{
	const char *name = entry->args[0];
	auto_free char *passwd = NULL;
	auto_close int fd = -1;
	char users[320];
	struct stat st;
	size_t len;
	bool has;

	(void)plan;
	if (strspn(name, "0123456789") == strlen(name))
		return 0;
	fd = source_open_file(inside, "/etc/passwd", &st);
	if (fd < 0)
		return err_sys(err, -fd, "/etc/passwd");
	if (fd_read_all(fd, PASSWD_MOST, &passwd, &len) < 0)
		return err_sys(err, ENOMEM, "/etc/passwd");
	list_users(passwd, name, users, sizeof(users), &has);
	if (has)
		return 0;
	return entry_error(entry, err,
			   "run-as %s: no such user in the image (it has: %s); "
			   "add `user %s uid=N`, or take a number",
			   name, users, name);
}

static int check_seccomp(const struct plan *plan, const struct source *inside,
			 const struct entry *entry, struct err *err)
{
	const char *name = entry->args[0], *best;
	struct nearest nearest;

	(void)plan, (void)inside;
	nearest_start(&nearest, name);
	for (size_t i = 0; policy_names[i]; i++) {
		if (strcmp(name, policy_names[i]) == 0)
			return 0;
		nearest_offer(&nearest, policy_names[i]);
	}
	best = nearest_best(&nearest);
	if (best)
		return entry_error(entry, err,
				   "seccomp %s: no policy has that name; did "
				   "you mean \"%s\"?",
				   name, best);
	return entry_error(entry, err,
			   "seccomp %s: no policy has that name; an image can "
			   "choose default, strict, cape or cape-deny, and a "
			   "file of your own is for --seccomp",
			   name);
}

static int check_net(const struct plan *plan, const struct source *inside,
		     const struct entry *entry, struct err *err)
{
	static const char *const names[] = {"none", "host", "private"};

	(void)plan, (void)inside;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strcmp(entry->args[0], names[i]) == 0)
			return 0;
	return entry_error(entry, err,
			   "net %s: there is no such network; it is none, host "
			   "or private",
			   entry->args[0]);
}

/* In the order in which a launch would meet them. */
static const struct check {
	enum verb verb;
	int (*check)(const struct plan *plan, const struct source *inside,
		     const struct entry *entry, struct err *err);
} checks[] = {
	{VERB_NET, check_net},	     {VERB_SECCOMP, check_seccomp},
	{VERB_RUN_AS, check_run_as}, {VERB_WORKDIR, check_workdir},
	{VERB_ENTRY, check_entry},
};

/* --- paths --------------------------------------------------------------- */

static unsigned depth_of(const char *path)
{
	unsigned n = 0;

	for (; *path; path++)
		n += path[0] == '/' && path[1] != '\0';
	return n;
}

/* By the line that brings it; without, by its path alone. */
static int refuse_path(const struct node *node, const char *words,
		       struct err *err)
{
	if (node->reason.entry)
		return entry_error(node->reason.entry, err, "%.100s...: %s",
				   node->path, words);
	return err_set(err, ERR_MANIFEST, "%.100s...: %s", node->path, words);
}

static int check_path(const struct node *node, struct err *err)
{
	/* In the image it has no slash before it. */
	size_t len = strlen(node->path) - 1;
	unsigned depth = depth_of(node->path);
	char words[128];

	if (len > IMAGE_NAME_MAX)
		snprintf(words, sizeof(words),
			 "a path of %zu bytes; a launch takes at most %u", len,
			 IMAGE_NAME_MAX);
	else if (depth > IMAGE_DEPTH_MAX)
		snprintf(words, sizeof(words),
			 "a path of %u components; a launch takes at most %u",
			 depth, IMAGE_DEPTH_MAX);
	else
		return 0;
	return refuse_path(node, words, err);
}

int launch_check(const struct plan *plan, struct err *err)
{
	auto_of(source) struct source *inside = NULL;

	for (size_t i = 0; i < plan->tree->n; i++)
		if (check_path(plan->tree->nodes[i], err) < 0)
			return -1;
	if (image_source_open(plan->tree, plan->source, &inside, err) < 0)
		return -1;
	for (size_t i = 0; i < sizeof(checks) / sizeof(*checks); i++) {
		const struct entry *entry =
			manifest_find(plan->manifest, checks[i].verb);

		if (entry && checks[i].check(plan, inside, entry, err) < 0)
			return -1;
	}
	return 0;
}
