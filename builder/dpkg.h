#pragma once
/*
 * dpkg: the package database of the source (/var/lib/dpkg/info), read without
 * dpkg: which files a package has, which package has a file.
 */
#include <stddef.h>

#include "err.h"
#include "source.h"

#define DPKG_INFO "/var/lib/dpkg/info"

/* Of the file of that directory, "libc6:amd64.list": "libc6", the caller's.
 * NULL: no list, or no memory. */
char *dpkg_package_of(const char *file);

struct packages {
	char **lines; /* paths, as the package names them */
	size_t n;
	char *text; /* what the lines point into */
};

/*
 * The files of an installed package, "NAME" or "NAME:ARCH".  Of a package
 * that is there for several architectures, NAME is that of machine (an
 * e_machine).  0, or -errno: -ENOENT when it is not installed, -ENOTDIR when
 * the source has no such database.
 */
int dpkg_files(const struct source *source, const char *name, unsigned machine,
	       struct packages *out);
void packages_clear(struct packages *packages);

/*
 * A package that lists a file of this base name, and its path there; both are
 * the caller's, NULL when none does.  0 or -ENOMEM: it only serves a hint, so
 * that a database that cannot be read is one without the file.
 */
int dpkg_owner(const struct source *source, const char *base, char **package,
	       char **path);
