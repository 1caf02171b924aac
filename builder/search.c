/*
 * Where a loader looks for a library: a list of stages for the one who asks,
 * tried in order.
 *
 * glibc: DT_RPATH of the asker and of whoever loaded it, up to the program,
 * unless the asker has DT_RUNPATH; its own DT_RUNPATH; ld.so.cache; the system
 * directories.  musl: DT_RUNPATH or else DT_RPATH of the asker and all who
 * loaded it; the system path.
 */
#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "loading.h"

static const struct elf *elf_of(const struct map *map)
{
	return map->library->unit->elf;
}

static bool add_stage(struct map *map, enum stage_kind kind,
		      const struct ldpath *path, size_t owner)
{
	struct stage *stage;

	if (!path && kind != STAGE_CACHE)
		return true;
	stage = array_push(map->stages, map->n_stages);
	if (stage)
		*stage = (struct stage){kind, path, owner};
	return stage != NULL;
}

/* Those of the asker and of all who loaded it. */
static bool add_inherited(struct loading *loading, struct map *map,
			  size_t asker)
{
	for (size_t i = asker;; i = loading->maps[i].loader) {
		const struct library *library = loading->maps[i].library;
		bool has_runpath = loading_is_musl(loading) && library->runpath;

		if (has_runpath
			    ? !add_stage(map, STAGE_RUNPATH, library->runpath,
					 i)
			    : !add_stage(map, STAGE_RPATH, library->rpath, i))
			return false;
		if (i == loading->maps[i].loader)
			return true;
	}
}

static bool add_stages(struct loading *loading, struct map *map, size_t asker)
{
	const struct linker *linker = loading->linker;
	const struct elf *elf = elf_of(map);

	if (loading_is_musl(loading))
		return add_inherited(loading, map, asker) &&
		       add_stage(map, STAGE_SYSTEM, linker->system, asker);
	return (elf->runpath || add_inherited(loading, map, asker)) &&
	       add_stage(map, STAGE_RUNPATH, map->library->runpath, asker) &&
	       (!linker->loader->cache ||
		add_stage(map, STAGE_CACHE, NULL, asker)) &&
	       ((elf->flags_1 & DF_1_NODEFLIB) ||
		add_stage(map, STAGE_SYSTEM, linker->system, asker));
}

static int make_stages(struct loading *loading, size_t asker, struct err *err)
{
	struct map *map = &loading->maps[asker];

	if (map->n_stages)
		return 0;
	for (size_t i = asker;; i = loading->maps[i].loader) {
		if (linker_paths(loading->linker, loading->maps[i].library,
				 err) < 0)
			return -1;
		if (i == loading->maps[i].loader)
			break;
	}
	if (!add_stages(loading, map, asker))
		return err_sys(err, ENOMEM, "search libraries of %s",
			       map->library->path);
	return 0;
}

/* The part of a real path that is a place of its own: "/opt", "/home/joe". */
static size_t top_length(const char *path)
{
	const char *end = strchr(path + 1, '/');

	if (end && strncmp(path, "/home/", 6) == 0)
		end = strchr(end + 1, '/');
	return end ? (size_t)(end - path) : 0;
}

static bool is_below(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	while (len > 0 && dir[len - 1] == '/')
		len--;
	return strncmp(path, dir, len) == 0 && path[len] == '/';
}

/*
 * An ELF file may name any path, and the build may run with more rights than
 * its author has: what is taken for it must lie where libraries are, or where
 * the program itself is.
 */
static bool is_library_place(const struct loading *loading, const char *real)
{
	static const char *const roots[] = {
		"/lib", "/lib64", "/lib32", "/libx32", "/usr",
		"/opt", "/nix",	  "/gnu",   "/snap",
	};
	const struct loader *loader = loading->linker->loader;
	const char *program = loading->maps[MAP_PROGRAM].library->real;
	size_t top = top_length(program);

	if (top == top_length(real) && strncmp(program, real, top) == 0)
		return true;
	for (size_t i = 0; i < sizeof(roots) / sizeof(*roots); i++)
		if (is_below(real, roots[i]))
			return true;
	for (size_t i = 0; i < loader->n_system_dirs; i++)
		if (is_below(real, loader->system_dirs[i]))
			return true;
	for (size_t i = 0; loading->roots && loading->roots[i]; i++)
		if (is_below(real, loading->roots[i]))
			return true;
	return false;
}

const char *search_defect(const struct loading *loading,
			  const struct library *library)
{
	switch (library->error) {
	case 0:
		break;
	case -ENOEXEC:
		return "it is no ELF file";
	case -EINVAL:
		return "it is no regular file";
	default:
		return NULL;
	}
	if (!is_library_place(loading, library->real))
		return "it lies outside of the directories of libraries and of "
		       "the program";
	return library->unit->elf->defect;
}

static bool is_foreign(const struct loading *loading,
		       const struct library *library)
{
	return library->error == 0 &&
	       elf_abi_differs(&loading->linker->loader->abi,
			       &library->unit->elf->abi);
}

/* 1: this is it; 0: go on, *sys says why; -1: the program would die. */
static int try_path(struct loading *loading, size_t asker, const char *path,
		    struct library **out, int *sys, struct err *err)
{
	struct library *library;
	const char *defect;

	if (linker_open(loading->linker, path, false, &library, err) < 0)
		return -1;
	*sys = -library->error;
	/* musl maps whatever it opens first, and dies of it. */
	if (is_foreign(loading, library) && !loading_is_musl(loading)) {
		*sys = ENOENT;
		return 0;
	}
	defect = is_foreign(loading, library) ? "it is for another machine"
					      : search_defect(loading, library);
	if (defect)
		return err_sys_kind(err, ERR_INPUT, 0,
				    "%s%s, needed by %s, cannot be loaded: %s",
				    loading->linker->source->name, path,
				    loading->maps[asker].library->path, defect);
	*out = library;
	return library->error == 0;
}

/* "/" stands for the working directory. */
static char *candidate(const struct libdir *dir, const char *sub,
		       const char *name)
{
	char *path;

	if (asprintf(&path, "%s%s%s%s", *dir->name == '/' ? "" : "/", dir->name,
		     sub, name) < 0)
		return NULL;
	return path;
}

static int try_candidate(struct loading *loading, size_t asker,
			 const struct libdir *dir, const char *sub,
			 const char *name, struct library **out, int *sys,
			 struct err *err)
{
	auto_free char *path = candidate(dir, sub, name);

	if (!path)
		return err_sys(err, ENOMEM, "search %s", name);
	return try_path(loading, asker, path, out, sys, err);
}

/* Whether an error ends the search of this list: in glibc when the directory
 * is there; a relative one counts as being there. */
static bool ends_list(const struct loading *loading, const struct libdir *dir,
		      int sys)
{
	if (loading_is_musl(loading))
		return sys != ENOENT && sys != ENOTDIR && sys != EACCES &&
		       sys != ENAMETOOLONG;
	return sys != ENOENT && sys != EACCES &&
	       (dir->exists || *dir->name != '/');
}

/* 2: not here, and no further search (musl). */
static int try_list(struct loading *loading, size_t asker,
		    const struct ldpath *list, const char *name,
		    struct hit *hit, struct err *err)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct libdir *dir = list->dirs[i].dir;
		int sys = ENOENT;

		for (size_t k = 0; k < dir->n_tries; k++) {
			int found = try_candidate(loading, asker, dir,
						  dir->tries[k], name,
						  &hit->library, &sys, err);

			if (found == 0)
				continue;
			hit->dir = dir;
			hit->by_origin = list->dirs[i].by_origin;
			return found;
		}
		if (ends_list(loading, dir, sys))
			return loading_is_musl(loading) ? 2 : 0;
	}
	return 0;
}

static bool is_system_path(const struct loader *loader, const char *path)
{
	for (size_t i = 0; i < loader->n_system_dirs; i++)
		if (strncmp(path, loader->system_dirs[i],
			    strlen(loader->system_dirs[i])) == 0)
			return true;
	return false;
}

/* hwcap: NULL for the plain library. */
static int try_cache(struct loading *loading, size_t asker, const char *name,
		     const char *hwcap, struct library **out, struct err *err)
{
	const struct loader *loader = loading->linker->loader;
	const char *path =
		hwcap ? ldcache_find_hwcap(loader->cache, name, hwcap)
		      : ldcache_find(loader->cache, name);
	int sys;

	if (!path || *path != '/')
		return 0;
	if ((elf_of(&loading->maps[asker])->flags_1 & DF_1_NODEFLIB) &&
	    is_system_path(loader, path))
		return 0;
	return try_path(loading, asker, path, out, &sys, err);
}

int search(struct loading *loading, size_t asker, const char *name,
	   struct hit *hit, struct err *err)
{
	const struct map *map;

	*hit = (struct hit){0};
	if (make_stages(loading, asker, err) < 0)
		return -1;
	map = &loading->maps[asker];
	for (size_t i = 0; i < map->n_stages; i++) {
		const struct stage *stage = &map->stages[i];
		int found;

		hit->stage = stage;
		found = stage->kind == STAGE_CACHE
				? try_cache(loading, asker, name, NULL,
					    &hit->library, err)
				: try_list(loading, asker, stage->path, name,
					   hit, err);
		if (found < 0)
			return -1;
		if (found == 1)
			return 0;
		hit->library = NULL;
		if (found == 2)
			return 0;
	}
	return 0;
}

/* glibc-hwcaps/HWCAP of the directories of a list, up to one of them. */
static int try_variants(struct loading *loading, size_t asker,
			const struct ldpath *list, const char *name,
			const char *hwcap, const struct libdir *last,
			struct library **out, struct err *err)
{
	auto_free char *sub = NULL;
	int sys;

	if (asprintf(&sub, "glibc-hwcaps/%s/", hwcap) < 0)
		return err_sys(err, ENOMEM, "search %s", name);
	for (size_t i = 0; i < list->n; i++) {
		const struct libdir *dir = list->dirs[i].dir;
		int found = try_candidate(loading, asker, dir, sub, name, out,
					  &sys, err);

		if (found != 0)
			return found;
		if (dir == last)
			break;
	}
	return 0;
}

int search_variant(struct loading *loading, size_t asker, const char *name,
		   const char *hwcap, const struct hit *plain, struct hit *hit,
		   struct err *err)
{
	const struct map *map = &loading->maps[asker];

	*hit = (struct hit){0};
	for (size_t i = 0; i < map->n_stages; i++) {
		const struct stage *stage = &map->stages[i];
		bool is_last = plain->library && stage == plain->stage;
		int found = stage->kind == STAGE_CACHE
				    ? try_cache(loading, asker, name, hwcap,
						&hit->library, err)
				    : try_variants(loading, asker, stage->path,
						   name, hwcap,
						   is_last ? plain->dir : NULL,
						   &hit->library, err);

		hit->stage = stage;
		if (found < 0)
			return -1;
		if (found == 1)
			return 0;
		hit->library = NULL;
		if (is_last)
			break;
	}
	return 0;
}

int search_path(struct loading *loading, size_t asker, const char *path,
		struct hit *hit, struct err *err)
{
	auto_free char *absolute = NULL;
	int sys, found;

	*hit = (struct hit){0};
	if (asprintf(&absolute, "%s%s", *path == '/' ? "" : "/", path) < 0)
		return err_sys(err, ENOMEM, "open %s", path);
	found = try_path(loading, asker, absolute, &hit->library, &sys, err);
	if (found != 1)
		hit->library = NULL;
	return found < 0 ? -1 : 0;
}

static void print_list(const struct loading *loading, FILE *out,
		       const struct ldpath *list, const char *name)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct libdir *dir = list->dirs[i].dir;
		auto_free char *path = candidate(dir, "", name);
		const struct library *there =
			path ? memo_get(&loading->linker->libraries, path,
					strlen(path))
			     : NULL;
		size_t len = strlen(dir->name);

		while (len > 1 && dir->name[len - 1] == '/')
			len--;
		fprintf(out, "%s%.*s%s", i ? ", " : "", len ? (int)len : 1,
			len ? dir->name : "/",
			!there || there->error == -ENOENT ? ""
			: is_foreign(loading, there)
				? " (there for another machine)"
			: there->error == -EACCES ? " (may not be read)"
						  : "");
	}
}

static void print_stage(const struct loading *loading, FILE *out,
			const struct stage *stage, size_t asker,
			const char *name)
{
	const struct map *owner = &loading->maps[stage->owner];

	if (stage->kind == STAGE_CACHE) {
		fputs("ld.so.cache", out);
		return;
	}
	if (stage->kind != STAGE_SYSTEM) {
		fputs(stage->kind == STAGE_RPATH ? "RPATH " : "RUNPATH ", out);
		if (stage->owner != asker)
			fprintf(out, "of %s ", owner->library->path);
	}
	print_list(loading, out, stage->path, name);
}

char *search_words(struct loading *loading, size_t asker, const char *name)
{
	const struct map *map = &loading->maps[asker];
	char *words = NULL;
	size_t len;
	FILE *out;

	if (strchr(name, '/'))
		return strdup("that path only");
	out = open_memstream(&words, &len);
	if (!out)
		return NULL;
	for (size_t i = 0; i < map->n_stages; i++) {
		if (i)
			fputs(", ", out);
		print_stage(loading, out, &map->stages[i], asker, name);
	}
	if (map->n_stages == 0)
		fputs("nowhere", out);
	if (fclose(out) != 0) {
		free(words);
		return NULL;
	}
	return words;
}
