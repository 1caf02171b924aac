#include <errno.h>
#include <string.h>

#include "directives.h"
#include "manifest_parts.h"

/* Are a and b the same setting, whatever they set it to? */
static bool is_same_setting(const struct entry *a, const struct entry *b)
{
	const struct directive *row = directive_of(a->verb);
	size_t len;

	if (a->verb != b->verb || row->once == ONCE_NEVER)
		return false;
	if (row->once == ONCE_VERB)
		return true;
	if (!row->is_assignment)
		return strcmp(a->args[0], b->args[0]) == 0;
	len = strcspn(a->args[0], "=") + 1;
	return strncmp(a->args[0], b->args[0], len) == 0;
}

/* "env LANG", "user joe", "entry" */
static int contradiction(const struct entry *a, const struct entry *b,
			 struct err *err)
{
	const struct directive *row = directive_of(a->verb);
	const struct entry *first = a < b ? a : b, *second = a < b ? b : a;
	const char *what = row->once == ONCE_ARGUMENT ? a->args[0] : "";
	size_t len = row->is_assignment ? strcspn(what, "=") : strlen(what);

	return entry_error(second, err,
			   "%s%s%.*s is something else in %.150s:%u; keep one"
			   "%s",
			   row->verb, *what ? " " : "",
			   (int)(len < 60 ? len : 60), what, first->file,
			   first->line,
			   first->file == second->file
				   ? ""
				   : ", or overrule both in the file that uses "
				     "them");
}

static size_t file_index(const struct manifest *manifest,
			 const struct entry *entry)
{
	size_t i = 0;

	while (manifest->files[i] != entry->file)
		i++;
	return i;
}

/* Marks the files that another one, which has a word in the run too, uses. */
static void mark_overruled(const struct manifest *manifest,
			   const struct entry *const *run, size_t n,
			   const use_row *uses, use_row overruled)
{
	use_row speaks = {false};
	size_t i, from, to;

	for (i = 0; i < n; i++)
		speaks[file_index(manifest, run[i])] = true;
	for (from = 0; uses && from < manifest->n_files; from++)
		for (to = 0; speaks[from] && to < manifest->n_files; to++)
			overruled[to] |= uses[from][to];
}

/* Entries for one setting: one of those that nobody overrules is kept, and
 * they must be equal. */
static int settle_run(const struct manifest *manifest,
		      const struct entry *const *run, size_t n,
		      const use_row *uses, bool *is_kept, struct err *err)
{
	const struct entry *kept = NULL;
	use_row overruled = {false};
	size_t i;

	mark_overruled(manifest, run, n, uses, overruled);
	for (i = 0; i < n; i++) {
		is_kept[run[i] - manifest->entries] = false;
		if (overruled[file_index(manifest, run[i])])
			continue;
		if (kept && entry_compare(kept, run[i]) != 0)
			return contradiction(kept, run[i], err);
		if (!kept)
			kept = run[i];
	}
	if (kept) /* always: files do not use each other in a circle */
		is_kept[kept - manifest->entries] = true;
	return 0;
}

/* What a file uses through others, too. */
static void close_uses(use_row *uses, size_t n)
{
	size_t by, from, to;

	for (by = 0; uses && by < n; by++)
		for (from = 0; from < n; from++)
			for (to = 0; uses[from][by] && to < n; to++)
				uses[from][to] |= uses[by][to];
}

int manifest_settle(struct manifest *manifest, use_row *uses, struct err *err)
{
	auto_free const struct entry **sorted = manifest_sorted(manifest);
	auto_free bool *is_kept = calloc(manifest->n + 1, sizeof(*is_kept));
	size_t i, n;

	if (!sorted || !is_kept)
		return err_sys(err, ENOMEM, "manifest");
	memset(is_kept, true, manifest->n);
	close_uses(uses, manifest->n_files);
	for (i = 0; i < manifest->n; i += n) {
		for (n = 1; i + n < manifest->n &&
			    is_same_setting(sorted[i], sorted[i + n]);
		     n++)
			;
		if (n > 1 &&
		    settle_run(manifest, sorted + i, n, uses, is_kept, err) < 0)
			return -1;
	}
	manifest_keep(manifest, is_kept);
	return 0;
}
