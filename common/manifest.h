#pragma once
/*
 * manifest: the text that says what an image holds and how it is launched, as
 * a list of entries.  Builder and launcher share it: the builder embeds the
 * canonical form in the image as /.jail/manifest.
 *
 * Every entry satisfies its row of the table of directives (directives.h):
 * known verb, right number of arguments, known keys, values of the right form.
 *
 * What a reader of entries may rely on:
 *  - `use` entries are gone: what they name has been read in their place.
 *  - bin, lib, file, dev, omit and need have exactly one argument: a line with
 *    several has become as many entries.
 *  - link has two, P and T: the arrow is gone.  allow: "setuid" or "writable",
 *    then P.  caps: P, then the comma list.  copy: the local file, then P.
 *    text: P, then the content.  env and limit: one, "K=V".
 *  - Paths have no "." or "..", no doubled slash and none at the end.
 *  - A setting that can be there once is there once; what a file says has
 *    replaced what the files that it uses say.
 *  - user always has uid; gid= left out means gid = uid, home= /home/NAME,
 *    shell= /bin/sh.  group always has gid.  root and nobody are never there.
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
	VERB_UID_POOL,
	VERB_NEED,
};

/* More is refused: the launcher reads manifests of hostile images as root. */
#define MANIFEST_MAX_BYTES                                                     \
	((size_t)1024 * 1024) /* of a file; of the canonical form */
#define MANIFEST_MAX_LINE ((size_t)64 * 1024)
#define MANIFEST_MAX_ENTRIES 32768
#define MANIFEST_MAX_FILES 256
#define MANIFEST_MAX_DEPTH 16 /* of `use` */

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
 * Reads the files named (in order, as if one; "-": standard input) and all
 * that they `use`.
 * `use NAME` is NAME.txt beside the file that says so, else in the first of
 * preset_dirs (NULL-terminated) that has it.  Errors: ERR_MANIFEST "FILE:LINE: words", ERR_INPUT when a
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
 * Of such a text only what says how the image is launched: lines about what it
 * holds are not looked at, however many there are.
 */
int manifest_read_launch(const char *text, size_t len, const char *name,
			 struct manifest **out, struct err *err);

/*
 * The canonical form: one entry a line, sorted, no duplicates, the fewest
 * quotes.  Reading it back gives an equal manifest, and writing that the same
 * bytes.
 */
int manifest_write(const struct manifest *manifest, FILE *out, struct err *err);

/* The same in memory, NUL-terminated, owned by the caller. */
int manifest_text(const struct manifest *manifest, char **text, size_t *len,
		  struct err *err);

/*
 * The entries in canonical order, duplicates too; the array (not what it
 * points to) is the caller's.  NULL: no memory.
 */
const struct entry **manifest_sorted(const struct manifest *manifest);

/* Order of the canonical form; 0: the same but for optional and place. */
int entry_compare(const struct entry *a, const struct entry *b);

void manifest_free(struct manifest *manifest);
DEFINE_AUTO(manifest)

/* The name of a verb in the grammar ("bin"). */
const char *verb_name(enum verb verb);

/* The value of KEY=VALUE, or NULL. */
const char *entry_value(const struct entry *entry, const char *key);

/* The entry of a verb that can be there once, or NULL. */
const struct entry *manifest_find(const struct manifest *manifest,
				  enum verb verb);

/* Fills err with "FILE:LINE: words"; kind ERR_MANIFEST.  Returns -1. */
int entry_error(const struct entry *entry, struct err *err, const char *format,
		...) __attribute__((format(printf, 3, 4)));
