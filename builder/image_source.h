#pragma once
/*
 * image_source: a planned image as a source, so that whatever looks into a
 * root can look into one that is not written yet.
 */
#include "err.h"
#include "source.h"
#include "tree.h"

/* Outlived by tree and source.  Nodes that are added to the tree later may not
 * be seen. */
int image_source_open(const struct tree *tree, const struct source *source,
		      struct source **out, struct err *err);
