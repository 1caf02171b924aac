#pragma once
/*
 * plan: what the image will hold: the entries of a manifest, looked up in a
 * source, with all that their programs need.
 *
 * plan_make() runs every entry (plan_*.c: a function a verb), then adds the
 * closure of each ELF file that came in, then what is always made.  Nothing of
 * a file is read but its first bytes and its ELF headers.
 */
#include "cleanup.h"
#include "err.h"
#include "manifest.h"
#include "notes.h"
#include "resolver.h"
#include "source.h"
#include "strset.h"
#include "target.h"
#include "tree.h"

/* How firmly a node's mode is set (node.rank): the firmer one counts. */
enum rank {
	RANK_ABOVE, /* a directory that something else needed */
	RANK_SOURCE, /* as in the source */
	RANK_HOME, /* a user's home; owner too */
	RANK_GIVEN, /* mode= in the manifest */
};

enum dlopen_policy {
	DLOPEN_NONE,
	DLOPEN_REQUIRED,
	DLOPEN_RECOMMENDED,
	DLOPEN_ALL,
};

enum cache_policy { CACHE_AUTO, CACHE_YES, CACHE_NO };

/* An ELF file whose closure is wanted. */
struct plan_root {
	char *path; /* in the source */
	char *image; /* its path in the image */
	const struct entry *entry;
	bool was_found; /* in a tree or package: it may be something else */
	struct closure closure;
};

/* A library asked for by name, by `lib` or a dlopen note. */
struct plan_library {
	char *name, *path;
	char *like; /* the program that asks; NULL: any */
	const struct entry *entry;
};

/* A script, and a program that its first line starts. */
struct plan_script {
	char *image, *interpreter;
	const struct entry *entry;
	bool was_found; /* in a tree or package: perhaps nobody starts it */
};

struct plan {
	const struct manifest *manifest;
	const struct source *source;
	struct resolver *resolver;
	struct tree *tree;
	struct notes notes;
	struct target target; /* ask plan_target() */

	struct plan_root *roots;
	size_t n_roots;
	struct plan_library *libraries;
	size_t n_libraries;
	struct plan_script *scripts;
	size_t n_scripts;
	struct strset rooted; /* images of the roots */
	struct strset seen; /* source paths that are in the tree */
	struct strset scanned; /* ELF files whose symbols were looked at */
	struct strset walked; /* directories whose all is in the tree */

	enum dlopen_policy dlopen;
	enum cache_policy cache;
	bool all_hwcaps, has_proc, is_opaque, knows_target;
};

/* Outlived by manifest and source. */
int plan_make(const struct manifest *manifest, const struct source *source,
	      struct plan **out, struct err *err);
void plan_free(struct plan *plan);
DEFINE_AUTO(plan)

/* --print=files: the paths of the source that the image takes, a line each. */
int plan_print_files(const struct plan *plan, FILE *out, struct err *err);
