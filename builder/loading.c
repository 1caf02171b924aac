/*
 * The loader's own list of what it maps, breadth first: dependencies in file
 * order at its end, but filters and auxiliaries before whoever names them.
 */
#include "loading.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "fdio.h"

#define PRELOAD_LIMIT (1u << 20) /* bytes of /etc/ld.so.preload */

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
		loading_forget(loading, had);
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
	if (loading_is_musl(loading) || !strchr(name, '$'))
		return 0;
	expanded = ldpath_expand(loading->linker->loader, name, library->origin,
				 &by_origin);
	*out = expanded ? loading_intern(loading, expanded) : NULL;
	if (*out)
		return 0;
	loading_no_memory(err);
	return -1;
}

static int list_dependency(struct loading *loading, size_t current, size_t i,
			   struct err *err)
{
	const struct unit *unit = loading->maps[current].library->unit;
	enum elf_relation relation = unit->elf->dependencies[i].relation;
	const char *name;

	if (loading_is_musl(loading) && relation != ELF_NEEDED)
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
			loading_forget(loading, had);
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

	loader = loading_intern(loading, loader);
	if (!loader ||
	    asprintf(&absolute, "%s%s", *loader == '/' ? "" : "/", loader) < 0)
		return loading_no_memory(err);
	if (linker_open(linker, program, true, &library, err) < 0 ||
	    linker_open(linker, absolute, false, &rtld, err) < 0 ||
	    loading_add_map(loading, library, library->path, 0, &index, err) <
		    0 ||
	    loading_add_map(loading, rtld, loader, 0, &index, err) < 0)
		return -1;
	if (!loading_add_name(&loading->maps[MAP_LOADER], loader))
		return loading_no_memory(err);
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
