#include "plan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "plan_parts.h"
#include "printed.h"

typedef int run_entry(struct plan *plan, const struct entry *entry,
		      struct err *err);

/* Verbs that put something into the image at once.  The others are settings,
 * or wait until all is there. */
static run_entry *const table[] = {
	[VERB_BIN] = plan_bin,	 [VERB_LIB] = plan_lib,
	[VERB_FILE] = plan_file, [VERB_TREE] = plan_tree,
	[VERB_PKG] = plan_pkg,	 [VERB_DIR] = plan_dir,
	[VERB_LINK] = plan_link, [VERB_TEXT] = plan_text,
	[VERB_COPY] = plan_copy, [VERB_DEV] = plan_dev,
};
#define N_TABLE (sizeof(table) / sizeof(*table))

static void roots_clear(struct plan *plan)
{
	for (size_t i = 0; i < plan->n_roots; i++) {
		free(plan->roots[i].path);
		free(plan->roots[i].image);
		closure_clear(&plan->roots[i].closure);
	}
	free(plan->roots);
	for (size_t i = 0; i < plan->n_libraries; i++) {
		free(plan->libraries[i].name);
		free(plan->libraries[i].path);
		free(plan->libraries[i].like);
	}
	free(plan->libraries);
	for (size_t i = 0; i < plan->n_scripts; i++) {
		free(plan->scripts[i].image);
		free(plan->scripts[i].interpreter);
	}
	free(plan->scripts);
}

void plan_free(struct plan *plan)
{
	if (!plan)
		return;
	roots_clear(plan);
	resolver_free(plan->resolver);
	tree_free(plan->tree);
	notes_clear(&plan->notes);
	strset_clear(&plan->rooted);
	strset_clear(&plan->seen);
	strset_clear(&plan->scanned);
	strset_clear(&plan->walked);
	free(plan);
}

/* Where a word stands in a list; the reader let only such words through. */
static int word_index(const struct manifest *manifest, enum verb verb,
		      const char *const *words, int otherwise)
{
	const struct entry *entry = manifest_find(manifest, verb);

	for (int i = 0; entry && words[i]; i++)
		if (strcmp(entry->args[0], words[i]) == 0)
			return i;
	return otherwise;
}

static bool needs_proc(const struct entry *entry)
{
	for (size_t i = 0; entry->verb == VERB_NEED && i < entry->n_args; i++)
		if (strcmp(entry->args[i], "proc") == 0)
			return true;
	return false;
}

static void read_settings(struct plan *plan)
{
	static const char *const dlopens[] = {"none", "required", "recommended",
					      "all", NULL};
	static const char *const caches[] = {"auto", "yes", "no", NULL};
	static const char *const hwcaps[] = {"none", "all", NULL};
	const struct manifest *manifest = plan->manifest;

	plan->dlopen = (enum dlopen_policy)word_index(
		manifest, VERB_DLOPEN, dlopens, DLOPEN_RECOMMENDED);
	plan->cache = (enum cache_policy)word_index(manifest, VERB_CACHE,
						    caches, CACHE_AUTO);
	plan->all_hwcaps = word_index(manifest, VERB_HWCAPS, hwcaps, 0) == 1;
	plan->is_opaque = manifest_find(manifest, VERB_OPAQUE) != NULL;
	for (size_t i = 0; i < manifest->n; i++)
		if (needs_proc(&manifest->entries[i]))
			plan->has_proc = true;
}

static int plan_new(const struct manifest *manifest,
		    const struct source *source, struct plan **out,
		    struct err *err)
{
	auto_of(plan) struct plan *plan = calloc(1, sizeof(*plan));
	struct resolver_options options = {0};

	if (!plan)
		return err_sys(err, ENOMEM, "plan");
	plan->manifest = manifest;
	plan->source = source;
	read_settings(plan);
	options.all_hwcaps = plan->all_hwcaps;
	plan->tree = tree_new();
	if (!plan->tree)
		return err_sys(err, ENOMEM, "plan");
	if (resolver_new(source, &options, &plan->resolver, err) < 0)
		return -1;
	*out = TAKE(plan);
	return 0;
}

static int run_entries(struct plan *plan, struct err *err)
{
	for (size_t i = 0; i < plan->manifest->n; i++) {
		const struct entry *entry = &plan->manifest->entries[i];

		if (entry->verb < N_TABLE && table[entry->verb] &&
		    table[entry->verb](plan, entry, err) < 0)
			return -1;
	}
	return 0;
}

int plan_make(const struct manifest *manifest, const struct source *source,
	      struct plan **out, struct err *err)
{
	auto_of(plan) struct plan *plan = NULL;

	if (plan_new(manifest, source, &plan, err) < 0)
		return -1;
	tree_begin_batch(plan->tree);
	if (run_entries(plan, err) < 0 || plan_closures(plan, err) < 0 ||
	    plan_accounts(plan, err) < 0 || plan_always(plan, err) < 0)
		return -1;
	tree_end_batch(plan->tree);
	if (plan_omit(plan, err) < 0 || plan_exceptions(plan, err) < 0 ||
	    plan_make_opaque(plan, err) < 0)
		return -1;
	*out = TAKE(plan);
	return 0;
}

const struct target *plan_target(struct plan *plan, struct err *err)
{
	if (!plan->knows_target &&
	    target_find(plan->source, plan->resolver, &plan->target, err) < 0)
		return NULL;
	plan->knows_target = true;
	return &plan->target;
}

/* The value of "{name}" at text and the length of that; NULL: none. */
static const char *variable(const struct target *target, const char *text,
			    size_t *len)
{
	const struct {
		const char *name, *value;
	} variables[] = {
		{"{triplet}", target->triplet},
		{"{lib}", target->lib},
		{"{arch}", target->arch},
	};

	for (size_t i = 0; i < 3; i++) {
		*len = strlen(variables[i].name);
		if (strncmp(text, variables[i].name, *len) == 0)
			return variables[i].value;
	}
	return NULL;
}

static int write_expanded(const struct target *target, const char *text,
			  FILE *out)
{
	while (*text) {
		size_t len = strcspn(text, "{");
		const char *value = variable(target, text, &len);

		if (value) {
			fputs(value, out);
		} else {
			len = 1 + strcspn(text + 1, "{");
			fwrite(text, 1, len, out);
		}
		text += len;
	}
	return fclose(out) == EOF ? -1 : 0;
}

int plan_expand(struct plan *plan, const struct entry *entry, const char *text,
		char **out, struct err *err)
{
	auto_free char *expanded = NULL;
	const struct target *target;
	size_t len;
	FILE *stream;

	if (!strchr(text, '{')) {
		*out = strdup(text);
		return *out ? 0 : err_sys(err, ENOMEM, "%s", text);
	}
	target = plan_target(plan, err);
	if (!target)
		return -1;
	if (!target->machine)
		return entry_error(entry, err,
				   "%s: the source has no /bin/sh to tell its "
				   "architecture by",
				   text);
	stream = open_memstream(&expanded, &len);
	if (!stream || write_expanded(target, text, stream) < 0)
		return err_sys(err, ENOMEM, "%s", text);
	*out = TAKE(expanded);
	return 0;
}

int plan_print_files(const struct plan *plan, FILE *out, struct err *err)
{
	const struct tree *tree = plan->tree;

	for (size_t i = 0; i < tree->n; i++) {
		const struct node *node = tree->nodes[i];
		struct stat st;

		if (node->content == CONTENT_SOURCE)
			fprintf(out, "%s\n", node->from);
		else if (node->type == NODE_SYMLINK &&
			 source_lstat(plan->source, node->path, &st) == 0 &&
			 S_ISLNK(st.st_mode))
			fprintf(out, "%s\n", node->path);
	}
	return printed_check(out, err);
}
