#pragma once
/*
 * manifest: the text that says what an image holds and how it is launched, as
 * a list of entries.  Builder and launcher share it: the builder embeds the
 * canonical form in the image as /.jail/manifest.
 *
 * Every entry satisfies its row of the table of directives: known verb, right
 * number of arguments, known keys, values of the right form.  `use` entries
 * are gone: what they name has been read in their place.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "cleanup.h"
#include "err.h"

enum verb {
	VERB_USE,
	/* what the image holds */
	VERB_BIN,
	VERB_LIB,
	VERB_FILE,
	VERB_TREE,
	VERB_PKG,
	VERB_DIR,
	VERB_LINK,
	VERB_TEXT,
	VERB_COPY,
	VERB_DEV,
	VERB_USER,
	VERB_GROUP,
	VERB_ALLOW,
	VERB_CAPS,
	VERB_OMIT,
	/* how the resolver and the lockdown behave */
	VERB_DLOPEN,
	VERB_HWCAPS,
	VERB_CACHE,
	VERB_OPAQUE,
	/* how the image is launched */
	VERB_ENTRY,
	VERB_RUN_AS,
	VERB_WORKDIR,
	VERB_ENV,
	VERB_LIMIT,
	VERB_SECCOMP,
	VERB_NET,
	VERB_NEED,
};

struct pair {
	char *key, *value;
};

struct entry {
	enum verb verb;
	char **args; /* without quotes; variables not yet expanded */
	size_t n_args;
	struct pair *pairs; /* KEY=VALUE, sorted by key */
	size_t n_pairs;
	bool optional; /* '?' before the verb: a missing source is fine */
	const char *file; /* where it stands; owned by the manifest */
	unsigned line; /* from 1 */
};

struct manifest {
	struct entry *entries; /* in the order read, `use` in place */
	size_t n;
	char **files; /* names of the files read, for entry->file */
	size_t n_files;
};

/*
 * Reads the files named (in order, as if one) and all that they `use`.
 * preset_dirs (NULL-terminated) are searched in order for `use NAME`, as
 * DIR/NAME.txt.  Errors: ERR_MANIFEST "FILE:LINE: words", ERR_INPUT when a
 * file cannot be read.
 */
int manifest_read(const char *const *paths, size_t n_paths,
		  const char *const *preset_dirs, struct manifest **out,
		  struct err *err);

/*
 * The same for text in memory; name stands for the file in errors.  `use` is
 * an error (an embedded manifest is self-contained).
 */
int manifest_read_text(const char *text, size_t len, const char *name,
		       struct manifest **out, struct err *err);

/*
 * The canonical form: one entry a line, sorted, no duplicates, the fewest
 * quotes.  Reading it back gives an equal manifest, and writing that the same
 * bytes.
 */
int manifest_write(const struct manifest *manifest, FILE *out, struct err *err);

void manifest_free(struct manifest *manifest);
DEFINE_AUTO(manifest)

/* The name of a verb in the grammar ("bin"). */
const char *verb_name(enum verb verb);

/* The value of KEY=VALUE, or NULL. */
const char *entry_value(const struct entry *entry, const char *key);

/* Fills err with "FILE:LINE: words"; kind ERR_MANIFEST.  Returns -1. */
int entry_error(const struct entry *entry, struct err *err, const char *format,
		...) __attribute__((format(printf, 3, 4)));
