#pragma once
/*
 * stripped: the extended attributes (file capabilities, ACLs, labels) that
 * files have in the source and not in the image.  Only for telling: nothing
 * reads them when an image is built.
 */
#include "err.h"
#include "notes.h"
#include "source.h"
#include "tree.h"

int stripped_collect(const struct tree *tree, const struct source *source,
		     struct notes *notes, struct err *err);
