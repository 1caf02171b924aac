/*
 * One request for a library: is it loaded already, by what name or file; else
 * where is it, and may it be mapped?
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "loading.h"

/* What the kernel maps; no file has it. */
static const char *const vdso_names[] = {"linux-vdso.so.1", "linux-gate.so.1",
					 "linux-vdso32.so.1",
					 "linux-vdso64.so.1"};

bool loading_is_musl(const struct loading *loading)
{
	return loading->linker->loader->kind == LOADER_MUSL;
}

const char *loading_intern(struct loading *loading, const char *name)
{
	return memo_intern(loading->linker->names, name);
}

bool loading_add_name(struct map *map, const char *name)
{
	const char **place;

	for (size_t i = 0; i < map->n_names; i++)
		if (map->names[i] == name)
			return true;
	place = array_push(map->names, map->n_names);
	if (place)
		*place = name;
	return place != NULL;
}

int loading_no_memory(struct err *err)
{
	return err_sys(err, ENOMEM, "resolve libraries");
}

int loading_add_map(struct loading *loading, struct library *library,
		    const char *request, size_t loader, size_t *index,
		    struct err *err)
{
	struct map *map = array_push(loading->maps, loading->n);

	if (!map)
		return loading_no_memory(err);
	map->library = library;
	map->request = request;
	map->loader = loader;
	map->next = NO_MAP;
	*index = loading->n - 1;
	return 0;
}

/* Forgets maps from an index on. */
void loading_forget(struct loading *loading, size_t from)
{
	while (loading->n > from) {
		struct map *map = &loading->maps[--loading->n];

		free(map->names);
		free(map->stages);
		free(map->searched);
	}
}

void loading_clear(struct loading *loading)
{
	loading_forget(loading, 0);
	free(loading->maps);
	loading->maps = NULL;
}

static bool has_name(const struct map *map, const char *name)
{
	if (map->library->unit->soname == name)
		return true;
	for (size_t i = 0; i < map->n_names; i++)
		if (map->names[i] == name)
			return true;
	return false;
}

/* musl knows a library by its file name, if it was ever searched for. */
static bool has_name_musl(const struct map *map, const char *name)
{
	return map->n_names && map->names[0] == name;
}

static size_t find_by_name(const struct loading *loading, const char *name)
{
	size_t i = loading_is_musl(loading) ? MAP_LOADER + 1 : MAP_PROGRAM;

	for (; i < loading->n; i++) {
		const struct map *map = &loading->maps[i];

		if (!map->library || !map->library->unit || map->is_variant)
			continue;
		if (loading_is_musl(loading) ? has_name_musl(map, name)
					     : has_name(map, name))
			return i;
	}
	return NO_MAP;
}

/* The kernel mapped the program and its loader: no loader knows their inodes,
 * and a library that asks for one of them by its path gets it once more. */
static size_t find_by_file(const struct loading *loading,
			   const struct unit *unit)
{
	for (size_t i = MAP_LOADER + 1; i < loading->n; i++) {
		const struct map *map = &loading->maps[i];

		if (map->library && map->library->unit == unit)
			return i;
	}
	return NO_MAP;
}

/* Names that musl answers itself, whatever follows the dot. */
static bool is_musl_itself(const struct loading *loading, const char *name)
{
	static const char *const parts[] = {"c.",  "pthread.", "rt.",  "m.",
					    "dl.", "util.",    "xnet."};

	if (strcmp(name, loading->linker->loader->path) == 0)
		return true;
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
		if (strncmp(name, "lib", 3) == 0 &&
		    strncmp(name + 3, parts[i], strlen(parts[i])) == 0)
			return true;
	return false;
}

static bool is_vdso(const char *name)
{
	for (size_t i = 0; i < sizeof(vdso_names) / sizeof(*vdso_names); i++)
		if (strcmp(name, vdso_names[i]) == 0)
			return true;
	return false;
}

/* True: *found answers the request. */
static bool find_loaded(const struct loading *loading, const char *name,
			size_t *found)
{
	*found = NO_MAP;
	if (loading_is_musl(loading)) {
		if (is_musl_itself(loading, name)) {
			*found = MAP_LOADER;
			return true;
		}
		if (strchr(name, '/'))
			return false;
	} else if (is_vdso(name)) {
		return true;
	}
	*found = find_by_name(loading, name);
	return *found != NO_MAP;
}

/* What a loader says only after it has opened a library. */
static const char *map_defect(const struct loading *loading,
			      const struct elf *elf)
{
	if (!elf->is_loadable)
		return "it has nothing to load";
	if (loading_is_musl(loading))
		return NULL;
	if (elf_is_program(elf))
		return "it is a program";
	if (!elf->is_dynamic)
		return "it has no dynamic section";
	return NULL;
}

static int map_missing(struct loading *loading, size_t asker, const char *name,
		       size_t *found, struct err *err)
{
	if (loading_add_map(loading, NULL, name, asker, found, err) < 0)
		return -1;
	loading->maps[*found].searched = search_words(loading, asker, name);
	return loading->maps[*found].searched ? 0 : loading_no_memory(err);
}

/* musl: a library first opened by path gets its file name when a search finds
 * it; one found by a search keeps the one it has. */
static bool name_again(struct loading *loading, size_t index, const char *name)
{
	struct map *map = &loading->maps[index];

	if (!loading_is_musl(loading))
		return loading_add_name(map, name);
	if (map->n_names || strchr(name, '/'))
		return true;
	name = loading_intern(loading, strrchr(map->library->path, '/') + 1);
	return name && loading_add_name(map, name);
}

static int map_library(struct loading *loading, size_t asker, const char *name,
		       const struct hit *hit, size_t *found, struct err *err)
{
	struct library *library = hit->library;
	const char *defect = map_defect(loading, library->unit->elf);
	/* What musl opens by its path has no name. */
	bool is_named = !loading_is_musl(loading) || !strchr(name, '/');
	struct map *map;

	*found = find_by_file(loading, library->unit);
	if (*found != NO_MAP)
		return name_again(loading, *found, name)
			       ? 0
			       : loading_no_memory(err);
	if (defect)
		return err_set(err, ERR_INPUT,
			       "%s%s, needed by %s, cannot be loaded: %s",
			       loading->linker->source->name, library->path,
			       loading->maps[asker].library->path, defect);
	if (loading_add_map(loading, library, name, asker, found, err) < 0)
		return -1;
	map = &loading->maps[*found];
	if (is_named && !loading_add_name(map, name))
		return loading_no_memory(err);
	map->by_cache = hit->stage && hit->stage->kind == STAGE_CACHE;
	map->by_main_origin = hit->by_origin && hit->stage &&
			      hit->stage->owner == MAP_PROGRAM;
	return 0;
}

/* Those that other CPUs would take instead of what was found. */
static int map_variants(struct loading *loading, size_t asker, const char *name,
			const struct hit *plain, struct err *err)
{
	const struct loader *loader = loading->linker->loader;

	for (size_t i = 0; i < loader->n_hwcaps; i++) {
		struct hit hit;
		size_t index;

		if (search_variant(loading, asker, name, loader->hwcaps[i],
				   plain, &hit, err) < 0)
			return -1;
		if (!hit.library ||
		    find_by_file(loading, hit.library->unit) != NO_MAP)
			continue;
		if (loading_add_map(loading, hit.library, name, asker, &index,
				    err) < 0)
			return -1;
		loading->maps[index].is_variant = true;
	}
	return 0;
}

static int map_hit(struct loading *loading, size_t asker, const char *name,
		   const struct hit *hit, size_t *found, struct err *err)
{
	size_t had = loading->n;

	if ((hit->library ? map_library(loading, asker, name, hit, found, err)
			  : map_missing(loading, asker, name, found, err)) < 0)
		return -1;
	if (!loading->all_hwcaps || loading->n == had || strchr(name, '/'))
		return 0;
	return map_variants(loading, asker, name, hit, err);
}

int loading_map(struct loading *loading, size_t asker, const char *name,
		size_t *found, struct err *err)
{
	struct hit hit;

	name = loading_intern(loading, name);
	if (!name)
		return loading_no_memory(err);
	if (find_loaded(loading, name, found))
		return 0;
	if ((strchr(name, '/') ? search_path(loading, asker, name, &hit, err)
			       : search(loading, asker, name, &hit, err)) < 0)
		return -1;
	return map_hit(loading, asker, name, &hit, found, err);
}
