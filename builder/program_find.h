#pragma once
/*
 * program_find: whether a root has the program that an entry names, as the
 * launcher looks for it.
 */
#include "manifest.h"
#include "source.h"

/* The PATH of the jail; manifest may be NULL. */
const char *program_path(const struct manifest *manifest);

/*
 * An absolute path, or a name that is looked for along path.  0; -EISDIR: it is
 * no file; -EACCES: not executable; -ENOENT and others as usual.
 */
int program_find(const struct source *root, const char *program,
		 const char *path);
