#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dpkg.h"
#include "pattern.h"
#include "plan_parts.h"
#include "shebang.h"

#define MAX_SCRIPTS 5 /* interpreters that are scripts: the kernel's limit */

static const char *const search[] = {
	"/usr/local/sbin", "/usr/local/bin", "/usr/sbin",
	"/usr/bin",	   "/sbin",	     "/bin",
};
#define SEARCH "/usr/local/sbin /usr/local/bin /usr/sbin /usr/bin /sbin /bin"

/* A program that is wanted, and by whom. */
struct wanted {
	const struct entry *entry;
	const char *path; /* in the source */
	const char *as; /* in the image; NULL: the same */
	const char *requester; /* the script that names it, or NULL */
	unsigned depth; /* how many scripts led here */
};

/* The program of a bare name; *path NULL when no directory has it. */
static int look_in_path(struct plan *plan, const char *name, char **path,
			struct err *err)
{
	*path = NULL;
	for (size_t i = 0; i < sizeof(search) / sizeof(*search); i++) {
		auto_free char *candidate = NULL;
		struct stat st;
		int error;

		if (asprintf(&candidate, "%s/%s", search[i], name) < 0)
			return err_sys(err, ENOMEM, "%s", name);
		error = source_stat(plan->source, candidate, &st);
		if (source_failed(error))
			return err_sys(err, -error, "%s", candidate);
		if (error < 0 || !S_ISREG(st.st_mode) || !(st.st_mode & 0111))
			continue;
		*path = TAKE(candidate);
		return 0;
	}
	return 0;
}

/* "not found", with whoever would have it. */
static int refuse_name(struct plan *plan, const struct entry *entry,
		       const char *name, const char *requester, struct err *err)
{
	auto_free char *package = NULL, *place = NULL;
	const char *base = strrchr(name, '/');
	char by[200] = "", where[200] = "";

	if (requester)
		snprintf(by, sizeof(by), ", interpreter of %s,", requester);
	if (!base)
		snprintf(where, sizeof(where), "; searched: " SEARCH);
	if (dpkg_owner(plan->source, base ? base + 1 : name, &package, &place) <
	    0)
		return err_sys(err, ENOMEM, "%s", name);
	if (package)
		return entry_error(entry, err,
				   "%s%s not found%s; package %s has %s", name,
				   by, where, package, place);
	return entry_error(entry, err,
			   "%s%s not found%s; no package installed there has "
			   "it",
			   name, by, where);
}

static int add_program(struct plan *plan, const struct wanted *wanted,
		       struct err *err);

/* What a script's first line starts. */
static int add_interpreter(struct plan *plan, const struct wanted *script,
			   const char *real, const char *name, struct err *err)
{
	auto_free char *found = NULL;
	struct wanted next = {
		.entry = script->entry,
		.path = name,
		.requester = real,
		.depth = script->depth + 1,
	};
	struct stat st;
	int error;

	if (next.depth > MAX_SCRIPTS)
		return entry_error(script->entry, err,
				   "%s: more than %d interpreters that are "
				   "scripts; the kernel refuses that",
				   real, MAX_SCRIPTS);
	if (!strchr(name, '/')) {
		if (look_in_path(plan, name, &found, err) < 0)
			return -1;
		next.path = found;
	} else {
		error = source_stat(plan->source, name, &st);
		if (source_failed(error))
			return err_sys(err, -error, "%s", name);
		if (error < 0)
			next.path = NULL;
	}
	if (!next.path)
		return refuse_name(plan, script->entry, name, real, err);
	return add_program(plan, &next, err);
}

/* The file itself, under its own name or another. */
static int place(struct plan *plan, const struct wanted *wanted,
		 const char *real, const struct stat *st, char **image,
		 struct err *err)
{
	auto_free char *requester = NULL;
	struct reason reason = {.entry = wanted->entry};

	if (wanted->requester) {
		requester = strdup(wanted->requester);
		if (!requester)
			return err_sys(err, ENOMEM, "plan %s", real);
		reason.requester = requester;
		reason.relation = "interpreter";
	}
	if (!wanted->as) {
		*image = strdup(real);
		if (!*image)
			return err_sys(err, ENOMEM, "plan %s", real);
		return plan_source_path(plan, wanted->path, &reason, NULL, err);
	}
	if (plan_made_path(plan, wanted->entry, wanted->as, image, err) < 0)
		return -1;
	return plan_source_file(plan, real, *image, st, NULL, &reason, err);
}

static int refuse_kind(const struct wanted *wanted, const char *real,
		       const struct stat *st, struct err *err)
{
	if (!S_ISREG(st->st_mode))
		return entry_error(wanted->entry, err,
				   "%s: no regular file; `tree` takes "
				   "directories",
				   real);
	if (!(st->st_mode & 0111))
		return entry_error(wanted->entry, err,
				   "%s: not executable; `file` takes data",
				   real);
	return entry_error(wanted->entry, err,
			   "%s: neither an ELF program nor a script with #!; "
			   "`file` takes data",
			   real);
}

static int add_script(struct plan *plan, const struct wanted *script,
		      const char *real, const struct stat *st, struct err *err)
{
	auto_free char *image = NULL;
	char head[SHEBANG_SIZE];
	struct shebang line;
	struct stat now;
	size_t n;

	if (plan_head(plan, script->entry, real, head, sizeof(head), &n, &now,
		      err) < 0)
		return -1;
	if (!head_is_script(head, n))
		return refuse_kind(script, real, st, err);
	if (shebang_parse(head, n, &line, err) < 0)
		return err_reword(err, ERR_MANIFEST, "%s:%u: %s",
				  script->entry->file, script->entry->line,
				  real);
	if (place(plan, script, real, st, &image, err) < 0 ||
	    add_interpreter(plan, script, real, line.interpreter, err) < 0 ||
	    plan_add_script(plan, image, line.interpreter, script->entry, false,
			    err) < 0)
		return -1;
	return line.program
		       ? add_interpreter(plan, script, real, line.program, err)
		       : 0;
}

static int add_program(struct plan *plan, const struct wanted *wanted,
		       struct err *err)
{
	auto_free char *real = NULL, *image = NULL;
	struct stat st;
	int error, is_elf;

	error = source_realpath(plan->source, wanted->path, &real, NULL);
	if (error < 0) {
		struct entry must = *wanted->entry;

		must.optional = false;
		return plan_missing(&must, error, wanted->path, err);
	}
	if (!wanted->as && strset_has(&plan->seen, wanted->path) &&
	    strset_has(&plan->rooted, real))
		return 0;
	error = source_lstat(plan->source, real, &st);
	if (error < 0)
		return plan_missing(wanted->entry, error, real, err);
	is_elf = plan_is_elf(plan, real, err);
	if (is_elf < 0)
		return -1;
	if (!(st.st_mode & 0111) || !S_ISREG(st.st_mode))
		return refuse_kind(wanted, real, &st, err);
	if (!is_elf)
		return add_script(plan, wanted, real, &st, err);
	if (place(plan, wanted, real, &st, &image, err) < 0)
		return -1;
	return plan_add_root(plan, real, image, wanted->entry, false, err);
}

static int add_matches(struct plan *plan, const struct entry *entry,
		       const struct matches *matches, struct err *err)
{
	const char *as = entry_value(entry, "as");

	if (as && matches->n > 1)
		return entry_error(entry, err,
				   "as=%s: %zu programs cannot have one name",
				   as, matches->n);
	for (size_t i = 0; i < matches->n; i++) {
		struct wanted wanted = {entry, matches->paths[i], as, NULL, 0};

		if (add_program(plan, &wanted, err) < 0)
			return -1;
	}
	return 0;
}

int plan_bin(struct plan *plan, const struct entry *entry, struct err *err)
{
	auto_free char *name = NULL, *path = NULL;
	struct matches matches = {0};
	int result;

	if (plan_expand(plan, entry, entry->args[0], &name, err) < 0)
		return -1;
	if (strchr(name, '/')) {
		result = plan_matches(plan, entry, name, &matches, err);
		if (result == 0)
			result = add_matches(plan, entry, &matches, err);
		matches_clear(&matches);
		return result;
	}
	if (look_in_path(plan, name, &path, err) < 0)
		return -1;
	if (!path)
		return entry->optional
			       ? 0
			       : refuse_name(plan, entry, name, NULL, err);
	matches.paths = &path;
	matches.n = 1;
	return add_matches(plan, entry, &matches, err);
}
