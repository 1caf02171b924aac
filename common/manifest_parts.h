#pragma once
/*
 * manifest_parts: what the files that make up the manifest reader share, and
 * nobody else needs.
 */
#include "manifest.h"
#include "words.h"

/* Appends the entries that a line's words say; place holds file, line and
 * is_used.  ERR_MANIFEST, with the place. */
int manifest_add_line(struct manifest *manifest, struct words *words,
		      const struct entry *place, struct err *err);

/*
 * All lines are read: settings that can be there once become so, or the two
 * places that disagree are named.
 */
int manifest_settle(struct manifest *manifest, struct err *err);

/* Drops the entries whose flag is false; the order stays. */
void manifest_keep(struct manifest *manifest, const bool *is_kept);
