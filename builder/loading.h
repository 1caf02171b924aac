#pragma once
/*
 * loading: a program as its loader has it before the first instruction: the
 * files mapped so far, who asked for each, and the loader's own list of them.
 *
 * search.c finds one library for one of the maps, mapping.c maps it unless it is
 * there already, loading.c makes the list.
 */
#include <stdbool.h>
#include <stddef.h>

#include "cleanup.h"
#include "err.h"
#include "linker.h"

#define NO_MAP ((size_t)-1)

enum stage_kind {
	STAGE_RPATH,
	STAGE_RUNPATH,
	STAGE_CACHE,
	STAGE_SYSTEM,
};

/* One place of a search, tried in order. */
struct stage {
	enum stage_kind kind;
	const struct ldpath *path; /* not of STAGE_CACHE */
	size_t owner; /* the map whose list it is */
};

struct map {
	struct library *library; /* NULL: not found */
	const char *request; /* the name by which it was first asked for */
	const char **names; /* interned; those that it answers to, besides
				its path and its DT_SONAME */
	size_t n_names;
	size_t loader; /* the map that asked first; itself for the program */
	struct stage *stages; /* for what it asks; made when first needed */
	size_t n_stages;
	bool is_listed, is_done;
	size_t next; /* in the list */
	bool by_cache, by_main_origin, is_variant;
	char *searched; /* when not found */
};

/* The program is map 0, the loader map 1. */
enum { MAP_PROGRAM, MAP_LOADER };

struct loading {
	struct linker *linker;
	const char *const *roots; /* further directories of libraries */
	bool all_hwcaps, no_preload;
	struct map *maps;
	size_t n;
	size_t first, last; /* of the list */
};

/* The program at a path with its loader; interpreter: NULL when the program
 * names none.  The list holds the program only. */
int loading_start(struct loading *loading, const char *program,
		  const char *interpreter, struct err *err);
/* Lists everything that the program needs. */
int loading_run(struct loading *loading, struct err *err);
void loading_clear(struct loading *loading);

/*
 * What map `asker` gets when it asks for a name: *found is a map, new or not;
 * a new one without library when nothing was found; NO_MAP for the kernel's
 * vdso.
 */
int loading_map(struct loading *loading, size_t asker, const char *name,
		size_t *found, struct err *err);

bool loading_is_musl(const struct loading *loading);
int loading_no_memory(struct err *err);
/* The one copy of a name; NULL: no memory. */
const char *loading_intern(struct loading *loading, const char *name);
int loading_add_map(struct loading *loading, struct library *library,
		    const char *request, size_t loader, size_t *index,
		    struct err *err);
bool loading_add_name(struct map *map, const char *name);
/* Forgets the maps from an index on. */
void loading_forget(struct loading *loading, size_t from);

/* search.c */
struct hit {
	struct library *library; /* NULL: none */
	const struct stage *stage;
	const struct libdir *dir; /* NULL: the cache had it */
	bool by_origin;
};

int search(struct loading *loading, size_t asker, const char *name,
	   struct hit *hit, struct err *err);
/* A path as it stands, not searched for. */
int search_path(struct loading *loading, size_t asker, const char *path,
		struct hit *hit, struct err *err);
/* The variant of a library for CPUs that have `hwcap` which a loader there would
 * take instead of the hit.  hit->library is NULL when there is none. */
int search_variant(struct loading *loading, size_t asker, const char *name,
		   const char *hwcap, const struct hit *plain, struct hit *hit,
		   struct err *err);
/* Why a file that was found would end the program, in words, or NULL. */
const char *search_defect(const struct loading *loading,
			  const struct library *library);
/* Where a search for the name went, in words. */
char *search_words(struct loading *loading, size_t asker, const char *name);
