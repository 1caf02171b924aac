#pragma once
/*
 * linker: a loader at work in one source: the files that it may open and the
 * lists of directories that it searches, each looked at once.
 */
#include <stdbool.h>
#include <stddef.h>

#include "elf.h"
#include "err.h"
#include "loader.h"
#include "memo.h"
#include "source.h"

/* One ELF file, by device and inode, whatever its names. */
struct unit {
	struct elf *elf;
	const char *soname; /* interned, or NULL */
	const char **dependencies; /* interned, in step with the elf's */
	struct elf_hints *hints; /* read when asked for */
};

/* A directory that libraries are looked for in. */
struct libdir {
	const char *name; /* with a slash at its end; "": the working one */
	bool exists; /* and is a directory */
	char **tries; /* of itself and of subdirectories, in order: "", "tls/" */
	size_t n_tries;
};

struct ldpath_dir {
	const struct libdir *dir;
	bool by_origin; /* $ORIGIN was in it */
};

/* A list of directories, in order, none twice. */
struct ldpath {
	struct ldpath_dir *dirs;
	size_t n;
};

/* A path as a loader opened it, and what it found. */
struct library {
	const char *path; /* interned */
	char *real;
	char *origin; /* what $ORIGIN stands for in it */
	struct unit *unit; /* NULL: error, or not an ELF file */
	int error; /* -errno; -ENOEXEC: no ELF; -EINVAL: no regular file */
	bool has_paths;
	struct ldpath *rpath, *runpath; /* NULL: none */
};

struct linker {
	const struct source *source;
	struct memo *names; /* of the resolver: every name that is compared */
	struct memo *units; /* of the resolver */
	struct loader *loader;
	struct memo libraries, programs; /* by path */
	struct memo dirs; /* by name */
	struct ldpath *system;
	bool no_main_origin; /* a program's $ORIGIN has no value */
};

int linker_new(const struct source *source, struct memo *names,
	       struct memo *units, const char *loader_path,
	       const struct elf_abi *abi, struct linker **out, struct err *err);
void linker_free(struct linker *linker);
DEFINE_AUTO(linker)

/* For memo_clear(). */
void unit_free(void *unit);

/* The one unit of a file; ERR_INPUT with sys ENOEXEC when it is no ELF file. */
int unit_open(const struct source *source, struct memo *names,
	      struct memo *units, const char *path, struct unit **out,
	      struct err *err);

/*
 * The file at a path, or why there is none (library->error: what a loader may
 * pass over).  -1 when the look itself failed: no memory, I/O error.  A
 * program's $ORIGIN is that of its real path.
 */
int linker_open(struct linker *linker, const char *path, bool is_program,
		struct library **out, struct err *err);

/* Fills library->rpath and runpath as the loader uses them. */
int linker_paths(struct linker *linker, struct library *library,
		 struct err *err);

/* ldpath.c */

/* Expands $ORIGIN, $LIB and $PLATFORM as glibc does; "" when one of them has
 * no value; NULL: no memory. */
char *ldpath_expand(const struct loader *loader, const char *text,
		    const char *origin, bool *by_origin);

/* A list as the loader reads it; *out is NULL when there is nothing to search.
 */
int ldpath_new(struct linker *linker, const char *text, const char *origin,
	       struct ldpath **out, struct err *err);
/* The list of directories that are compiled into the loader. */
int ldpath_system(struct linker *linker, struct ldpath **out, struct err *err);
void ldpath_free(struct ldpath *path);
DEFINE_AUTO(ldpath)
void libdir_free(void *dir);
