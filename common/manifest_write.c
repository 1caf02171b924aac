#include "manifest.h"

#include <errno.h>
#include <string.h>

#include "directives.h"
#include "words.h"

/* "K=V" arguments keep K and "=" outside the quotes. */
static void write_argument(const char *text, const struct directive *row,
			   FILE *out)
{
	size_t key = row->is_assignment ? strcspn(text, "=") + 1 : 0;

	fprintf(out, "%.*s", (int)key, text);
	if (text[key] || key == 0)
		word_write(out, text + key, row->keys && word_key(text));
}

static void write_entry(const struct entry *entry, FILE *out)
{
	const struct directive *row = directive_of(entry->verb);
	size_t i;

	fprintf(out, "%s%s", entry->optional ? "?" : "", row->verb);
	for (i = 0; i < entry->n_args; i++) {
		fputs(row->has_arrow && i == 1 ? " -> " : " ", out);
		write_argument(entry->args[i], row, out);
	}
	for (i = 0; i < entry->n_pairs; i++) {
		fprintf(out, " %s=", entry->pairs[i].key);
		word_write(out, entry->pairs[i].value, false);
	}
	putc('\n', out);
}

static int write_all(const struct manifest *manifest, FILE *out)
{
	auto_free const struct entry **sorted = manifest_sorted(manifest);
	size_t i;

	if (!sorted)
		return -1;
	for (i = 0; i < manifest->n; i++)
		if (i == 0 || entry_compare(sorted[i - 1], sorted[i]) != 0)
			write_entry(sorted[i], out);
	return 0;
}

int manifest_text(const struct manifest *manifest, char **text, size_t *len,
		  struct err *err)
{
	auto_free char *made = NULL;
	FILE *out = open_memstream(&made, len);
	int result;

	if (!out)
		return err_sys(err, errno, "canonical manifest");
	result = write_all(manifest, out);
	if (ferror(out))
		result = -1;
	if (fclose(out) != 0 || result < 0)
		return err_sys(err, ENOMEM, "canonical manifest");
	if (*len > MANIFEST_MAX_BYTES)
		return err_set(err, ERR_MANIFEST,
			       "the canonical manifest has %zu bytes; %zu are "
			       "possible",
			       *len, MANIFEST_MAX_BYTES);
	*text = TAKE(made);
	return 0;
}

int manifest_write(const struct manifest *manifest, FILE *out, struct err *err)
{
	auto_free char *text = NULL;
	size_t len;

	if (manifest_text(manifest, &text, &len, err) < 0)
		return -1;
	if (fwrite(text, 1, len, out) != len || fflush(out) != 0)
		return err_sys(err, errno, "write the manifest");
	return 0;
}
