/*
 * file, tree, pkg: data of the source.  Whatever is an ELF file among it gets
 * its closure.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "dpkg.h"
#include "fdio.h"
#include "listing.h"
#include "pattern.h"
#include "plan_parts.h"

/* A walk over a directory of the source. */
struct walk {
	struct plan *plan;
	const struct entry *entry;
	char **exclusions; /* expanded, without "-" */
	size_t n_exclusions;
	const char *base; /* where the walk began */
	const char *top; /* the same, or where a link led out of it */
};

static bool is_excluded(const struct walk *walk, const char *path)
{
	const char *name = strrchr(path, '/') + 1;
	const char *below = path + strlen(walk->top);

	below += *below == '/';
	for (size_t i = 0; i < walk->n_exclusions; i++) {
		const char *glob = walk->exclusions[i];

		if (*glob == '/'	? pattern_match(glob, path)
		    : strchr(glob, '/') ? pattern_match(glob, below)
					: pattern_match(glob, name))
			return true;
	}
	return false;
}

/* What is not for an image whatever names it. */
static bool is_of_the_kernel(const char *path)
{
	return strcmp(path, "/proc") == 0 || strcmp(path, "/sys") == 0 ||
	       strcmp(path, "/dev") == 0;
}

static int walk_dir(const struct walk *walk, const char *path, struct err *err);

static bool is_below(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	return strncmp(path, dir, len) == 0 &&
	       (path[len] == '/' || path[len] == '\0');
}

/* A link in a tree: what it names belongs to it, be it a file or a directory
 * elsewhere that does not hold the tree itself. */
static int walk_link(const struct walk *walk, char *path, struct err *err)
{
	struct plan *plan = walk->plan;
	struct reason reason = {walk->entry, path, "link target"};
	struct reason own = {.entry = walk->entry};
	auto_free char *real = NULL, *target = NULL;
	struct node want = {.path = path, .type = NODE_SYMLINK, .mode = 0777};
	struct stat st;
	int error;

	error = source_readlink(plan->source, path, &target);
	if (error < 0)
		return plan_missing(walk->entry, error, path, err);
	want.target = target;
	if (plan_put(plan, &want, &own, err) < 0)
		return -1;
	error = source_realpath(plan->source, path, &real, NULL);
	if (source_failed(error))
		return err_sys(err, -error, "%s", path);
	if (error < 0)
		return notes_add(&plan->notes, NOTE_HINT, err,
				 "%s -> %s leads nowhere in the source", path,
				 target);
	if (is_below(real, walk->base) || is_below(real, "/proc") ||
	    is_below(real, "/sys") || is_below(real, "/dev"))
		return 0; /* the walk decides on it, or the launcher */
	if (plan_source_path(plan, path, &reason, NULL, err) < 0)
		return -1;
	if (source_lstat(plan->source, real, &st) < 0)
		return 0;
	if (S_ISDIR(st.st_mode) && strchr(real + 1, '/') &&
	    !is_below(walk->base, real)) {
		struct walk there = *walk;

		there.top = real;
		return walk_dir(&there, real, err);
	}
	return 0;
}

/* An ELF file? Opened by name in its directory: one component, no link. */
static int sniff(int dir_fd, const char *name, struct stat *st, bool *is_elf)
{
	auto_close int fd = openat(
		dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	char head[4];
	ssize_t n;

	if (fd < 0 || fstat(fd, st) < 0)
		return -errno;
	if (!S_ISREG(st->st_mode))
		return -ESTALE;
	n = fd_pread_full(fd, head, sizeof(head), 0);
	if (n < 0)
		return (int)n;
	*is_elf = head_is_elf(head, (size_t)n);
	return 0;
}

static int walk_file(const struct walk *walk, int dir_fd, const char *name,
		     const char *path, struct err *err)
{
	struct reason reason = {.entry = walk->entry};
	bool is_elf = false;
	struct stat st;
	int error = sniff(dir_fd, name, &st, &is_elf);

	if (error < 0)
		return plan_missing(walk->entry, error, path, err);
	if (plan_source_file(walk->plan, path, path, &st, NULL, &reason, err) <
	    0)
		return -1;
	return is_elf ? plan_add_root(walk->plan, path, path, walk->entry, true,
				      err)
		      : 0;
}

static int walk_entry(const struct walk *walk, int dir_fd, const char *name,
		      char *path, struct err *err)
{
	struct reason reason = {.entry = walk->entry};
	struct stat st;

	if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return plan_missing(walk->entry, -errno, path, err);
	if (S_ISREG(st.st_mode))
		return walk_file(walk, dir_fd, name, path, err);
	if (S_ISLNK(st.st_mode))
		return walk_link(walk, path, err);
	if (!S_ISDIR(st.st_mode))
		return plan_source_path(walk->plan, path, &reason, NULL, err);
	if (is_of_the_kernel(path))
		return notes_add(&walk->plan->notes, NOTE_LOCKDOWN, err,
				 "%s: left out; `dev` makes devices, the "
				 "launcher the rest",
				 path);
	if (plan_source_path(walk->plan, path, &reason, NULL, err) < 0)
		return -1;
	return walk_dir(walk, path, err);
}

static int walk_dir(const struct walk *walk, const char *path, struct err *err)
{
	auto_of(listing) struct listing *listing = NULL;
	const char *slash = strcmp(path, "/") == 0 ? "" : "/";
	auto_free char *key = NULL;
	int error, added;

	/* Of another entry the walk may have left out other things. */
	if (asprintf(&key, "%s:%u:%s", walk->entry->file, walk->entry->line,
		     path) < 0)
		return err_sys(err, ENOMEM, "plan %s", path);
	added = strset_add(&walk->plan->walked, key);
	if (added <= 0)
		return added < 0 ? err_sys(err, ENOMEM, "plan %s", path) : 0;
	error = listing_open(walk->plan->source, path, &listing);
	if (error < 0)
		return plan_missing(walk->entry, error, path, err);
	for (size_t i = 0; i < listing->n; i++) {
		auto_free char *child = NULL;

		if (asprintf(&child, "%s%s%s", path, slash, listing->names[i]) <
		    0)
			return err_sys(err, ENOMEM, "plan %s", path);
		if (is_excluded(walk, child))
			continue;
		if (walk_entry(walk, listing->fd, listing->names[i], child,
			       err) < 0)
			return -1;
	}
	return 0;
}

/* A match of `tree`: the links that lead to it, then all of it. */
static int walk_from(struct walk *walk, const char *path, struct err *err)
{
	struct reason reason = {.entry = walk->entry};
	auto_free char *real = NULL;
	struct stat st;
	int error = source_stat(walk->plan->source, path, &st);

	if (error < 0)
		return plan_missing(walk->entry, error, path, err);
	if (!S_ISDIR(st.st_mode))
		return entry_error(walk->entry, err,
				   "%s: no directory; `file` takes files",
				   path);
	if (plan_source_path(walk->plan, path, &reason, &real, err) < 0)
		return -1;
	walk->base = walk->top = strcmp(real, "/") == 0 ? "" : real;
	return walk_dir(walk, real, err);
}

static void strings_free(char **strings, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(strings[i]);
	free(strings);
}

/* Arguments 1.. of an entry, expanded; skip is how many first bytes go. */
static int expand_rest(struct plan *plan, const struct entry *entry,
		       size_t skip, char ***out, struct err *err)
{
	char **strings =
		calloc(entry->n_args, sizeof(*strings)); /* NULL ends it */

	if (!strings)
		return err_sys(err, ENOMEM, "plan");
	for (size_t i = 1; i < entry->n_args; i++) {
		if (plan_expand(plan, entry, entry->args[i] + skip,
				&strings[i - 1], err) < 0) {
			strings_free(strings, entry->n_args - 1);
			return -1;
		}
	}
	*out = strings;
	return 0;
}

int plan_tree(struct plan *plan, const struct entry *entry, struct err *err)
{
	struct walk walk = {.plan = plan, .entry = entry};
	struct matches matches = {0};
	int result;

	if (expand_rest(plan, entry, 1, &walk.exclusions, err) < 0)
		return -1;
	walk.n_exclusions = entry->n_args - 1;
	result = plan_matches(plan, entry, entry->args[0], &matches, err);
	for (size_t i = 0; result == 0 && i < matches.n; i++)
		result = walk_from(&walk, matches.paths[i], err);
	matches_clear(&matches);
	strings_free(walk.exclusions, walk.n_exclusions);
	return result;
}

/* A regular file: it decides itself whether its closure is wanted. */
static int add_elf_of(struct plan *plan, const struct entry *entry,
		      const char *real, const char *image, struct err *err)
{
	int is_elf = plan_is_elf(plan, real, err);

	if (is_elf <= 0)
		return is_elf;
	return plan_add_root(plan, real, image, entry, true, err);
}

static int add_file(struct plan *plan, const struct entry *entry,
		    const char *path, const char *as, struct err *err)
{
	auto_free char *real = NULL, *image = NULL;
	const char *mode = entry_value(entry, "mode");
	struct reason reason = {.entry = entry};
	struct stat st;
	int error = source_stat(plan->source, path, &st);

	if (error < 0)
		return plan_missing(entry, error, path, err);
	if (!S_ISREG(st.st_mode))
		return entry_error(entry, err, "%s: %s", path,
				   S_ISDIR(st.st_mode)
					   ? "a directory; `tree` takes it"
					   : "no regular file");
	if (as) {
		error = source_realpath(plan->source, path, &real, NULL);
		if (error < 0)
			return plan_missing(entry, error, path, err);
		if (plan_made_path(plan, entry, as, &image, err) < 0)
			return -1;
	} else if (plan_source_path(plan, path, &reason, &real, err) < 0) {
		return -1;
	}
	if ((as || mode) && plan_source_file(plan, real, image ? image : real,
					     &st, mode, &reason, err) < 0)
		return -1;
	return add_elf_of(plan, entry, real, image ? image : real, err);
}

int plan_file(struct plan *plan, const struct entry *entry, struct err *err)
{
	const char *as = entry_value(entry, "as");
	struct matches matches = {0};
	int result;

	result = plan_matches(plan, entry, entry->args[0], &matches, err);
	if (result == 0 && as && matches.n > 1)
		result = entry_error(entry, err,
				     "as=%s: %zu files cannot have one name",
				     as, matches.n);
	for (size_t i = 0; result == 0 && i < matches.n; i++)
		result = add_file(plan, entry, matches.paths[i], as, err);
	matches_clear(&matches);
	return result;
}

/* Globs with "-" leave out; when there are others, one of them must match.
 * They end in NULL. */
static bool is_selected(char *const *globs, const char *path)
{
	bool selects = false, selected = false;

	for (; *globs; globs++) {
		bool excludes = **globs == '-';
		const char *glob = *globs + excludes;
		const char *name =
			strchr(glob, '/') ? path : strrchr(path, '/') + 1;

		if (excludes && pattern_match(glob, name))
			return false;
		selects |= !excludes;
		selected |= !excludes && pattern_match(glob, name);
	}
	return selected || !selects;
}

static int add_packaged(struct plan *plan, const struct entry *entry,
			const char *path, struct err *err)
{
	struct reason reason = {.entry = entry};
	auto_free char *real = NULL;
	struct stat st;
	int error;

	error = source_stat(plan->source, path, &st);
	if (error == -ENOENT || error == -ENOTDIR)
		return notes_add(&plan->notes, NOTE_HINT, err,
				 "%s of package %s is not there", path,
				 entry->args[0]);
	if (error < 0)
		return plan_missing(entry, error, path, err);
	if (plan_source_path(plan, path, &reason, &real, err) < 0)
		return -1;
	return S_ISREG(st.st_mode) ? add_elf_of(plan, entry, real, real, err)
				   : 0;
}

static int add_package(struct plan *plan, const struct entry *entry,
		       char *const *globs, const struct packages *package,
		       struct err *err)
{
	size_t taken = 0;

	for (size_t i = 0; i < package->n; i++) {
		const char *path = package->lines[i];

		if (strcmp(path, "/.") == 0 || !is_selected(globs, path))
			continue;
		if (add_packaged(plan, entry, path, err) < 0)
			return -1;
		taken++;
	}
	if (taken == 0 && entry->n_args > 1 && !entry->optional)
		return entry_error(entry, err, "no file of package %s matches",
				   entry->args[0]);
	return 0;
}

static int refuse_package(const struct plan *plan, const struct entry *entry,
			  int error, struct err *err)
{
	if (entry->optional && (error == -ENOENT || error == -ENOTDIR))
		return 0;
	if (error == -ENOENT)
		return entry_error(
			entry, err, "package %s is not installed in %s",
			entry->args[0],
			*plan->source->name ? plan->source->name : "/");
	if (error == -ENOTDIR)
		return entry_error(entry, err,
				   "pkg needs %s/var/lib/dpkg/info, which is "
				   "not there; use file and tree",
				   plan->source->name);
	return plan_missing(entry, error, entry->args[0], err);
}

int plan_pkg(struct plan *plan, const struct entry *entry, struct err *err)
{
	const struct target *target = plan_target(plan, err);
	struct packages package = {0};
	char **globs = NULL;
	int error, result;

	if (!target)
		return -1;
	error = dpkg_files(plan->source, entry->args[0], target->machine,
			   &package);
	if (error < 0)
		return refuse_package(plan, entry, error, err);
	result = expand_rest(plan, entry, 0, &globs, err);
	if (result == 0)
		result = add_package(plan, entry, globs, &package, err);
	strings_free(globs, globs ? entry->n_args - 1 : 0);
	packages_clear(&package);
	return result;
}
