/*
 * The loader's own list of what it maps, breadth first: dependencies in file
 * order at its end, but filters and auxiliaries before whoever names them.
 */
#include "loading.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "fdio.h"

#define PRELOAD_LIMIT (1u << 20) /* bytes of /etc/ld.so.preload */

/* What the kernel maps; no file has it. */
static const char *const vdso_names[] = {"linux-vdso.so.1", "linux-gate.so.1",
					 "linux-vdso32.so.1",
					 "linux-vdso64.so.1"};

static bool is_musl(const struct loading *loading)
{
	return loading->linker->loader->kind == LOADER_MUSL;
}

static const char *intern(struct loading *loading, const char *name)
{
	return memo_intern(loading->linker->names, name);
}

static bool add_name(struct map *map, const char *name)
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

static int no_memory(struct err *err)
{
	return err_sys(err, ENOMEM, "resolve libraries");
}

static int add_map(struct loading *loading, struct library *library,
		   const char *request, size_t loader, size_t *index,
		   struct err *err)
{
	struct map *map = array_push(loading->maps, loading->n);

	if (!map)
		return no_memory(err);
	map->library = library;
	map->request = request;
	map->loader = loader;
	map->next = NO_MAP;
	*index = loading->n - 1;
	return 0;
}

/* Forgets maps from an index on. */
static void forget(struct loading *loading, size_t from)
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
	forget(loading, 0);
	free(loading->maps);
	loading->maps = NULL;
}

static bool has_name(const struct map *map, const char *name)
{
	if (map->library->path == name || map->library->unit->soname == name)
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
	size_t i = is_musl(loading) ? MAP_LOADER + 1 : MAP_PROGRAM;

	for (; i < loading->n; i++) {
		const struct map *map = &loading->maps[i];

		if (!map->library || !map->library->unit || map->is_variant)
			continue;
		if (is_musl(loading) ? has_name_musl(map, name)
				     : has_name(map, name))
			return i;
	}
	return NO_MAP;
}

/* The loader has not looked at its own inode, nor musl at the program's. */
static size_t find_by_file(const struct loading *loading,
			   const struct unit *unit)
{
	for (size_t i = 0; i < loading->n; i++) {
		const struct map *map = &loading->maps[i];

		if (i == MAP_LOADER || (i == MAP_PROGRAM && is_musl(loading)))
			continue;
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
	if (is_musl(loading)) {
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
	if (is_musl(loading))
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
	if (add_map(loading, NULL, name, asker, found, err) < 0)
		return -1;
	loading->maps[*found].searched = search_words(loading, asker, name);
	return loading->maps[*found].searched ? 0 : no_memory(err);
}

/* musl: a library first opened by path gets its file name when a search finds
 * it; one found by a search keeps the one it has. */
static bool name_again(struct loading *loading, size_t index, const char *name)
{
	struct map *map = &loading->maps[index];

	if (!is_musl(loading))
		return add_name(map, name);
	if (map->n_names || strchr(name, '/'))
		return true;
	name = intern(loading, strrchr(map->library->path, '/') + 1);
	return name && add_name(map, name);
}

static int map_library(struct loading *loading, size_t asker, const char *name,
		       const struct hit *hit, size_t *found, struct err *err)
{
	struct library *library = hit->library;
	const char *defect = map_defect(loading, library->unit->elf);
	/* What musl opens by its path has no name. */
	bool is_named = !is_musl(loading) || !strchr(name, '/');
	struct map *map;

	*found = find_by_file(loading, library->unit);
	if (*found != NO_MAP)
		return name_again(loading, *found, name) ? 0 : no_memory(err);
	if (defect)
		return err_set(err, ERR_INPUT,
			       "%s%s, needed by %s, cannot be loaded: %s",
			       loading->linker->source->name, library->path,
			       loading->maps[asker].library->path, defect);
	if (add_map(loading, library, name, asker, found, err) < 0)
		return -1;
	map = &loading->maps[*found];
	if (is_named && !add_name(map, name))
		return no_memory(err);
	map->by_cache = hit->stage && hit->stage->kind == STAGE_CACHE;
	map->by_main_origin =
		hit->by_origin && hit->stage->owner == MAP_PROGRAM;
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
		if (add_map(loading, hit.library, name, asker, &index, err) < 0)
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

	name = intern(loading, name);
	if (!name)
		return no_memory(err);
	if (find_loaded(loading, name, found))
		return 0;
	if ((strchr(name, '/') ? search_path(loading, asker, name, &hit, err)
			       : search(loading, asker, name, &hit, err)) < 0)
		return -1;
	return map_hit(loading, asker, name, &hit, found, err);
}

static void append(struct loading *loading, size_t index)
{
	loading->maps[index].is_listed = true;
	loading->maps[loading->last].next = index;
	loading->last = index;
}

static size_t before(const struct loading *loading, size_t index)
{
	size_t i = loading->first;

	while (i != NO_MAP && loading->maps[i].next != index)
		i = loading->maps[i].next;
	return i;
}

/* Takes a map out of the list. */
static void unlist(struct loading *loading, size_t index)
{
	size_t previous = before(loading, index);

	loading->maps[previous].next = loading->maps[index].next;
	if (loading->last == index)
		loading->last = previous;
}

static bool is_behind(const struct loading *loading, size_t index,
		      size_t current)
{
	size_t i = loading->maps[current].next;

	while (i != NO_MAP && i != index)
		i = loading->maps[i].next;
	return i != NO_MAP;
}

static void insert_before(struct loading *loading, size_t index, size_t current)
{
	size_t previous = before(loading, current);

	loading->maps[index].is_listed = true;
	loading->maps[index].next = current;
	if (previous == NO_MAP)
		loading->first = index;
	else
		loading->maps[previous].next = index;
}

/* An auxiliary library may be missing; a filter's may not. */
static int list_filter(struct loading *loading, size_t current,
		       enum elf_relation relation, const char *name,
		       struct err *err)
{
	size_t found, had = loading->n;

	if (loading_map(loading, current, name, &found, err) < 0)
		return relation == ELF_AUXILIARY && err->kind == ERR_INPUT ? 0
									   : -1;
	if (found == NO_MAP)
		return 0;
	if (!loading->maps[found].library && relation == ELF_AUXILIARY) {
		forget(loading, had);
		return 0;
	}
	if (loading->maps[found].is_listed) {
		if (!is_behind(loading, found, current))
			return 0;
		unlist(loading, found);
	}
	insert_before(loading, found, current);
	for (size_t i = had; i < loading->n; i++)
		if (loading->maps[i].is_variant)
			insert_before(loading, i, current);
	return 0;
}

/* A new map brings its variants, which are newer still. */
static void append_all(struct loading *loading, size_t found, size_t had)
{
	append(loading, found);
	for (size_t i = had; i < loading->n; i++)
		if (loading->maps[i].is_variant)
			append(loading, i);
}

static int list_needed(struct loading *loading, size_t current,
		       const char *name, struct err *err)
{
	size_t found, had = loading->n;

	if (loading_map(loading, current, name, &found, err) < 0)
		return -1;
	if (found != NO_MAP && !loading->maps[found].is_listed)
		append_all(loading, found, had);
	return 0;
}

/* The name without $ORIGIN and its like; "" when one has no value. */
static int expand(struct loading *loading, size_t current, const char *name,
		  const char **out, struct err *err)
{
	const struct library *library = loading->maps[current].library;
	auto_free char *expanded = NULL;
	bool by_origin;

	*out = name;
	if (is_musl(loading) || !strchr(name, '$'))
		return 0;
	expanded = ldpath_expand(loading->linker->loader, name, library->origin,
				 &by_origin);
	*out = expanded ? intern(loading, expanded) : NULL;
	return *out ? 0 : no_memory(err);
}

static int list_dependency(struct loading *loading, size_t current, size_t i,
			   struct err *err)
{
	const struct unit *unit = loading->maps[current].library->unit;
	enum elf_relation relation = unit->elf->dependencies[i].relation;
	const char *name;

	if (is_musl(loading) && relation != ELF_NEEDED)
		return 0;
	if (expand(loading, current, unit->dependencies[i], &name, err) < 0)
		return -1;
	if (relation != ELF_NEEDED) {
		if (*name == '\0')
			return err_set(err, ERR_INPUT,
				       "%s: the filter %s has no value",
				       loading->maps[current].library->path,
				       unit->dependencies[i]);
		return list_filter(loading, current, relation, name, err);
	}
	return *name ? list_needed(loading, current, name, err) : 0;
}

static int list_dependencies(struct loading *loading, size_t current,
			     struct err *err)
{
	const struct library *library = loading->maps[current].library;

	loading->maps[current].is_done = true;
	if (!library || !library->unit || library->unit->elf->defect)
		return 0;
	for (size_t i = 0; i < library->unit->elf->n_dependencies; i++)
		if (list_dependency(loading, current, i, err) < 0)
			return -1;
	return 0;
}

/* Comments go to the end of the line; names are divided by white space or
 * colons; what cannot be loaded is passed over. */
static int list_preload(struct loading *loading, char *text, struct err *err)
{
	char *rest = text, *name;

	for (char *hash = text; (hash = strchr(hash, '#'));)
		memset(hash, ' ', strcspn(hash, "\n"));
	while ((name = strsep(&rest, " \t\n:"))) {
		size_t found, had = loading->n;

		if (*name == '\0')
			continue;
		if (loading_map(loading, MAP_PROGRAM, name, &found, err) < 0) {
			if (err->kind != ERR_INPUT)
				return -1;
			continue;
		}
		if (found == NO_MAP || loading->maps[found].is_listed)
			continue;
		if (loading->maps[found].library)
			append_all(loading, found, had);
		else
			forget(loading, had);
	}
	return 0;
}

static int read_preload(struct loading *loading, struct err *err)
{
	const struct linker *linker = loading->linker;
	auto_free char *text = NULL;
	auto_close int fd = -1;
	struct stat st;
	int error;

	if (linker->loader->kind != LOADER_GLIBC || loading->no_preload)
		return 0;
	fd = source_open_file(linker->source, linker->loader->preload_path,
			      &st);
	if (fd < 0)
		return 0;
	error = fd_read_all(fd, PRELOAD_LIMIT, &text, NULL);
	if (error < 0)
		return err_sys_kind(err, ERR_INPUT, -error, "read %s%s",
				    linker->source->name,
				    linker->loader->preload_path);
	return list_preload(loading, text, err);
}

int loading_start(struct loading *loading, const char *program,
		  const char *interpreter, struct err *err)
{
	struct linker *linker = loading->linker;
	const char *loader = interpreter ? interpreter : linker->loader->path;
	struct library *library, *rtld;
	auto_free char *absolute = NULL;
	size_t index;

	loader = intern(loading, loader);
	if (!loader ||
	    asprintf(&absolute, "%s%s", *loader == '/' ? "" : "/", loader) < 0)
		return no_memory(err);
	if (linker_open(linker, program, true, &library, err) < 0 ||
	    linker_open(linker, absolute, false, &rtld, err) < 0 ||
	    add_map(loading, library, library->path, 0, &index, err) < 0 ||
	    add_map(loading, rtld, loader, 0, &index, err) < 0)
		return -1;
	if (!add_name(&loading->maps[MAP_LOADER], loader))
		return no_memory(err);
	loading->first = loading->last = MAP_PROGRAM;
	loading->maps[MAP_PROGRAM].is_listed = true;
	return 0;
}

/* The first map from here on that is not done yet. */
static size_t next_to_do(const struct loading *loading, size_t from)
{
	while (from != NO_MAP && loading->maps[from].is_done)
		from = loading->maps[from].next;
	return from;
}

int loading_run(struct loading *loading, struct err *err)
{
	size_t current = MAP_PROGRAM;

	if (read_preload(loading, err) < 0)
		return -1;
	while (current != NO_MAP) {
		size_t previous = before(loading, current);

		if (list_dependencies(loading, current, err) < 0)
			return -1;
		/* Its filters now stand between it and the one before. */
		current =
			next_to_do(loading, previous == NO_MAP ? loading->first
							       : previous);
	}
	return 0;
}
