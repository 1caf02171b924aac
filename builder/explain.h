#pragma once
/*
 * explain: questions about a planned tree, answered in text.
 */
#include <stdio.h>

#include "err.h"
#include "source.h"
#include "tree.h"

/*
 * --why PATH: from the manifest's line, over each program or library that
 * needed the next, to the path; links on the way to it are followed and named.
 * ERR_USAGE when the image has no such path.
 */
int explain_why(const struct tree *tree, const struct source *source,
		const char *path, FILE *out, struct err *err);

/*
 * --tree: under each line of the manifest what it brought in, and under each
 * of these what it needed in turn.  Every node but the directories above
 * others stands once, under the first that needed it.
 */
int explain_tree(const struct tree *tree, const struct source *source,
		 FILE *out, struct err *err);

/* --size: bytes by line of the manifest, by package and by file. */
int explain_size(const struct tree *tree, const struct source *source,
		 FILE *out, struct err *err);
