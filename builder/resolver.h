#pragma once
/*
 * resolver: what the dynamic loader would load for a program, found without
 * running anything.
 *
 * The rules are those of the loader that the program names in PT_INTERP: glibc
 * (constants read out of that very loader's .rodata) or musl.  Files are read
 * once, by (device, inode); one resolver serves a whole build.
 */
#include <stdbool.h>
#include <stddef.h>

#include "cleanup.h"
#include "err.h"
#include "source.h"

struct elf; /* elf.h */
struct elf_hints; /* elf_hints.h */
struct resolver;

struct resolver_options {
	bool all_hwcaps; /* glibc-hwcaps variants too, each as an object */
	bool no_main_origin; /* as without /proc: the loader does not know where
				the program is, its $ORIGIN has no value */
	/* ELF files that this one has read are not read again: for a source
	 * with the same files (by device and inode).  It must live longer. */
	struct resolver *files_of;
	bool no_preload; /* as if there were no /etc/ld.so.preload */
	/* Directories, NULL-terminated or NULL, in which libraries may lie
	 * besides /usr, /lib*, /opt, the loader's own and those of the
	 * program.  They outlive the resolver. */
	const char *const *roots;
};

/* One file that the loader would map. */
struct object {
	char *name; /* by which it was first asked for ("libc.so.6") */
	char *path; /* as the loader would open it (links not resolved); NULL:
			not found */
	char *real; /* the same file's real path in the source; NULL as above */
	size_t loader; /* index of the object that asked; 0 is itself */
	const struct elf *elf; /* owned by the resolver; NULL as above */
	char *searched; /* when not found: where, in words, in order */
	bool by_cache; /* found through ld.so.cache */
	bool by_main_origin; /* found through the program's own $ORIGIN */
	bool is_variant; /* a hwcaps variant of the object before it */
};

/* The program is object 0, its interpreter (if any) object 1, then the
 * libraries in the order of the loader's own list.  A library that was asked
 * for in vain stands there once for each who asked. */
struct closure {
	struct object *objects;
	size_t n;
};

int resolver_new(const struct source *source,
		 const struct resolver_options *options, struct resolver **out,
		 struct err *err);
void resolver_free(struct resolver *resolver);
DEFINE_AUTO(resolver)

/*
 * The closure of a program or shared object at an absolute path in the source.
 * A library that is not found is an object without path, not an error.  A
 * static program has a closure of 1, and so has what no loader ever loads, such
 * as an object file.  ERR_INPUT: no ELF file, or one that is broken (sys
 * ENOEXEC), a candidate that the loader would die on, a loader of an unknown
 * kind.
 */
int resolver_closure(struct resolver *resolver, const char *path,
		     struct closure *out, struct err *err);
void closure_clear(struct closure *closure);

/*
 * A library as a program of the same ABI as `like` (an ELF file's path; NULL:
 * the source's own /bin/sh or libc) would find it by dlopen(name): *path is
 * owned by the caller.  ERR_INPUT when it is not found, with where it was
 * searched.
 */
int resolver_find_library(struct resolver *resolver, const char *name,
			  const char *like, char **path, struct err *err);

/* The ELF file at a path, read once; NULL with sys ENOEXEC when it is none.
 * Owned by the resolver. */
const struct elf *resolver_elf(struct resolver *resolver, const char *path,
			       struct err *err);

/* What else the file may load by itself; owned by the resolver, NULL on
 * failure. */
const struct elf_hints *resolver_hints(struct resolver *resolver,
				       const char *path, struct err *err);

/*
 * Whether every version of a symbol that an object needs of another is defined
 * there, which the loader checks before it starts the program.  ERR_INPUT
 * names the first that is not.
 */
int closure_check_versions(const struct closure *closure, struct err *err);
