#pragma once
/*
 * loader: the dynamic loader of a program, as its own file describes it.
 *
 * Where it looks for libraries is compiled into it; we read that out of its
 * read-only data, so that a foreign distribution or architecture is exact.
 * What cannot be read there comes from a table by ABI.
 */
#include <stdbool.h>
#include <stddef.h>

#include "cleanup.h"
#include "elf.h"
#include "err.h"
#include "ldcache.h"
#include "source.h"

enum loader_kind { LOADER_UNKNOWN, LOADER_GLIBC, LOADER_MUSL };

struct loader {
	enum loader_kind kind;
	struct elf_abi abi;
	char *path; /* as PT_INTERP names it */
	char **system_dirs; /* glibc: each with a slash at its end */
	size_t n_system_dirs;
	char *cache_path; /* glibc */
	char *preload_path; /* glibc */
	char *lib; /* glibc: what $LIB stands for */
	char **hwcaps; /* glibc: subdirectories of glibc-hwcaps, best first */
	size_t n_hwcaps;
	bool has_legacy_dirs; /* glibc < 2.37: DIR/tls/, DIR/x86_64/, ... */
	char *system_path; /* musl: DIR:DIR... */
	char *path_file; /* musl: overrides it; without the prefix */
	struct ldcache *cache; /* glibc: what cache_path holds, or NULL */
};

/*
 * The loader at a path in the source, for programs of an ABI.  A file that is
 * missing or of no known kind is no error: the kind says it (by name, when
 * the file is missing).
 */
int loader_read(const struct source *source, const char *path,
		const struct elf_abi *abi, struct loader **out,
		struct err *err);
void loader_free(struct loader *loader);
DEFINE_AUTO(loader)

/* The usual path of the glibc loader of an ABI; NULL: unknown. */
const char *loader_usual_path(const struct elf_abi *abi);

/* That of musl's, owned by the caller; NULL: unknown ABI or no memory. */
char *loader_usual_musl_path(const struct elf_abi *abi);

/* What $PLATFORM stands for on the least CPU; NULL: nothing. */
const char *loader_platform(const struct elf_abi *abi);

/* ABI i of those that we know, for asking which loaders a source has. */
bool loader_known_abi(size_t i, struct elf_abi *abi);
