#pragma once
/*
 * manifest_parts: what the files that make up the manifest reader share, and
 * nobody else needs.
 */
#include "manifest.h"
#include "words.h"

/* Appends the entries that a line's words say; place holds file and line.
 * ERR_MANIFEST, with the place. */
int manifest_add_line(struct manifest *manifest, struct words *words,
		      const struct entry *place, struct err *err);

/* Rows and columns are files, by their index; true: the row's file uses the
 * column's. */
typedef bool use_row[MANIFEST_MAX_FILES];

/*
 * All lines are read: settings that can be there once become so, or the two
 * places that disagree are named.  A file's word counts more than that of the
 * files that it uses, directly or through others; uses (changed) may be NULL
 * when there is one file.
 */
int manifest_settle(struct manifest *manifest, use_row *uses, struct err *err);

/* Drops the entries whose flag is false; the order stays. */
void manifest_keep(struct manifest *manifest, const bool *is_kept);
