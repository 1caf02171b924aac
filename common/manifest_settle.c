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
			   first->is_used && second->is_used
				   ? ", or say it in your own manifest, which "
				     "overrides both"
				   : "");
}

/*
 * Entries for one setting: those of used files give way to any that are not;
 * the rest must be equal.
 */
static int settle_run(const struct manifest *manifest,
		      const struct entry *const *run, size_t n, bool *is_kept,
		      struct err *err)
{
	const struct entry *kept = NULL;
	bool all_used = true;
	size_t i;

	for (i = 0; i < n; i++)
		all_used = all_used && run[i]->is_used;
	for (i = 0; i < n; i++) {
		is_kept[run[i] - manifest->entries] = false;
		if (run[i]->is_used && !all_used)
			continue;
		if (kept && entry_compare(kept, run[i]) != 0)
			return contradiction(kept, run[i], err);
		if (!kept)
			kept = run[i];
	}
	is_kept[kept - manifest->entries] = true;
	return 0;
}

int manifest_settle(struct manifest *manifest, struct err *err)
{
	auto_free const struct entry **sorted = manifest_sorted(manifest);
	auto_free bool *is_kept = calloc(manifest->n + 1, sizeof(*is_kept));
	size_t i, n;

	if (!sorted || !is_kept)
		return err_sys(err, ENOMEM, "manifest");
	memset(is_kept, true, manifest->n);
	for (i = 0; i < manifest->n; i += n) {
		for (n = 1; i + n < manifest->n &&
			    is_same_setting(sorted[i], sorted[i + n]);
		     n++)
			;
		if (n > 1 &&
		    settle_run(manifest, sorted + i, n, is_kept, err) < 0)
			return -1;
	}
	manifest_keep(manifest, is_kept);
	return 0;
}
