#include "manifest.h"

#include <string.h>

#include "directives.h"
#include "manifest_parts.h"

#define SHOWN_NAME 200 /* of a file's name in a message: its end */

const char *verb_name(enum verb verb)
{
	return directive_of(verb)->verb;
}

const char *entry_value(const struct entry *entry, const char *key)
{
	size_t i;

	for (i = 0; i < entry->n_pairs; i++)
		if (strcmp(entry->pairs[i].key, key) == 0)
			return entry->pairs[i].value;
	return NULL;
}

const struct entry *manifest_find(const struct manifest *manifest,
				  enum verb verb)
{
	size_t i;

	for (i = 0; i < manifest->n; i++)
		if (manifest->entries[i].verb == verb)
			return &manifest->entries[i];
	return NULL;
}

int entry_error(const struct entry *entry, struct err *err, const char *format,
		...)
{
	size_t len = strlen(entry->file);
	va_list args;

	err->kind = ERR_MANIFEST;
	err->sys = 0;
	va_start(args, format);
	vsnprintf(err->msg, sizeof(err->msg), format, args);
	va_end(args);
	return err_context(err, "%s%s:%u", len > SHOWN_NAME ? "..." : "",
			   entry->file +
				   (len > SHOWN_NAME ? len - SHOWN_NAME : 0),
			   entry->line);
}

static int compare_counts(size_t a, size_t b)
{
	return (a > b) - (a < b);
}

int entry_compare(const struct entry *a, const struct entry *b)
{
	int order = (a->verb > b->verb) - (a->verb < b->verb);
	size_t i;

	for (i = 0; order == 0 && i < a->n_args && i < b->n_args; i++)
		order = strcmp(a->args[i], b->args[i]);
	if (order == 0)
		order = compare_counts(a->n_args, b->n_args);
	for (i = 0; order == 0 && i < a->n_pairs && i < b->n_pairs; i++) {
		order = strcmp(a->pairs[i].key, b->pairs[i].key);
		if (order == 0)
			order = strcmp(a->pairs[i].value, b->pairs[i].value);
	}
	return order ? order : compare_counts(a->n_pairs, b->n_pairs);
}

/* Of equal entries the one that may not be missing is first, then the one
 * read first. */
static int compare_places(const void *left, const void *right)
{
	const struct entry *a = *(const struct entry *const *)left;
	const struct entry *b = *(const struct entry *const *)right;
	int order = entry_compare(a, b);

	if (order == 0)
		order = a->optional - b->optional;
	return order ? order : (a > b) - (a < b);
}

const struct entry **manifest_sorted(const struct manifest *manifest)
{
	const struct entry **sorted = calloc(manifest->n + 1, sizeof(void *));
	size_t i;

	if (!sorted)
		return NULL;
	for (i = 0; i < manifest->n; i++)
		sorted[i] = &manifest->entries[i];
	qsort(sorted, manifest->n, sizeof(void *), compare_places);
	return sorted;
}

static void entry_clear(struct entry *entry)
{
	size_t i;

	for (i = 0; i < entry->n_args; i++)
		free(entry->args[i]);
	free(entry->args);
	for (i = 0; i < entry->n_pairs; i++) {
		free(entry->pairs[i].key);
		free(entry->pairs[i].value);
	}
	free(entry->pairs);
}

void manifest_keep(struct manifest *manifest, const bool *is_kept)
{
	size_t i, n = 0;

	for (i = 0; i < manifest->n; i++) {
		if (is_kept[i])
			manifest->entries[n++] = manifest->entries[i];
		else
			entry_clear(&manifest->entries[i]);
	}
	manifest->n = n;
}

void manifest_free(struct manifest *manifest)
{
	size_t i;

	if (!manifest)
		return;
	for (i = 0; i < manifest->n; i++)
		entry_clear(&manifest->entries[i]);
	free(manifest->entries);
	for (i = 0; i < manifest->n_files; i++)
		free(manifest->files[i]);
	free(manifest->files);
	free(manifest);
}
