#pragma once
/*
 * What the plan_*.c files share: ways to put something into the plan.
 *
 * The strings of a `want` are copied, so that they may be anyone's.
 */
#include "plan.h"

/* A function a verb; the table is in plan.c. */
int plan_bin(struct plan *plan, const struct entry *entry, struct err *err);
int plan_lib(struct plan *plan, const struct entry *entry, struct err *err);
int plan_file(struct plan *plan, const struct entry *entry, struct err *err);
int plan_tree(struct plan *plan, const struct entry *entry, struct err *err);
int plan_pkg(struct plan *plan, const struct entry *entry, struct err *err);
int plan_dir(struct plan *plan, const struct entry *entry, struct err *err);
int plan_link(struct plan *plan, const struct entry *entry, struct err *err);
int plan_text(struct plan *plan, const struct entry *entry, struct err *err);
int plan_copy(struct plan *plan, const struct entry *entry, struct err *err);
int plan_dev(struct plan *plan, const struct entry *entry, struct err *err);

/* Once every entry has run. */
int plan_closures(struct plan *plan, struct err *err);
int plan_accounts(struct plan *plan, struct err *err);
int plan_always(struct plan *plan, struct err *err);
int plan_omit(struct plan *plan, struct err *err);
int plan_exceptions(struct plan *plan, struct err *err);
int plan_make_opaque(struct plan *plan, struct err *err);

/*
 * Adds a node as wanted, or checks that an equal one is there.  ERR_MANIFEST,
 * naming both reasons, when it is another.
 */
int plan_put(struct plan *plan, const struct node *want,
	     const struct reason *reason, struct err *err);

/*
 * What stands at a path of the source, with every link on the way, under its
 * own real path; not what is in a directory.  real (may be NULL) is the
 * caller's.  ERR_MANIFEST with sys set when it is not there.
 */
int plan_source_path(struct plan *plan, const char *path,
		     const struct reason *reason, char **real, struct err *err);

/* A regular file of the source, at a path of the image; st is fstat()'s. */
int plan_source_file(struct plan *plan, const char *real, const char *image,
		     const struct stat *st, const char *mode,
		     const struct reason *reason, struct err *err);

/* The first bytes of a file: *n of at most size.  ERR_MANIFEST if it cannot
 * be read. */
int plan_head(struct plan *plan, const struct entry *entry, const char *real,
	      char *head, size_t size, size_t *n, struct stat *st,
	      struct err *err);
bool head_is_elf(const char *head, size_t n);

/* 1, 0, or -1: ERR_SYSTEM. */
int plan_is_elf(struct plan *plan, const char *real, struct err *err);

/* The closure of an ELF file is wanted. */
int plan_add_root(struct plan *plan, const char *path, const char *image,
		  const struct entry *entry, bool was_found, struct err *err);
int plan_add_library(struct plan *plan, const char *name, const char *path,
		     const char *like, const struct entry *entry,
		     struct err *err);

/*
 * Where a path that the manifest makes belongs: where the source has a link
 * such as /bin -> usr/bin, that link is put into the image, and the path lies
 * below its target.  The result is the caller's.
 */
int plan_made_path(struct plan *plan, const struct entry *entry,
		   const char *path, char **out, struct err *err);

/* Looked for when first wanted; NULL on failure. */
const struct target *plan_target(struct plan *plan, struct err *err);

/* An argument with {triplet}, {lib}, {arch} filled in; the caller's. */
int plan_expand(struct plan *plan, const struct entry *entry, const char *text,
		char **out, struct err *err);

/* The paths of the source that an argument names; none only if optional. */
struct matches;
int plan_matches(struct plan *plan, const struct entry *entry,
		 const char *pattern, struct matches *out, struct err *err);

/* A script of the image and what its first line starts. */
int plan_add_script(struct plan *plan, const char *image,
		    const char *interpreter, const struct entry *entry,
		    bool was_found, struct err *err);

/* A file of the source that is missing: fine if the entry is optional. */
int plan_missing(const struct entry *entry, int error, const char *path,
		 struct err *err);

/* mode= in octal, or otherwise. */
mode_t plan_mode(const char *text, mode_t otherwise);
