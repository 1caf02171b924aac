#pragma once
/*
 * hardlinks: of the names of one file, which one has the content.
 *
 * In an archive it is the first in walking order, in a tree the bytewise first.
 */
#include "err.h"
#include "flaws.h"
#include "tree.h"

/* Makes a tree out of what was read from an archive.  A link to what is no
 * file is a flaw, and stays. */
int hardlinks_settle(struct tree *tree, struct flaws *flaws, struct err *err);
