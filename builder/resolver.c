#include "resolver.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "elf.h"
#include "elf_hints.h"
#include "linker.h"
#include "loading.h"

struct resolver {
	const struct source *source;
	struct resolver_options options;
	struct memo names;
	struct memo units; /* device and inode -> struct unit */
	struct memo linkers; /* ABI and path of the loader -> struct linker */
};

int resolver_new(const struct source *source,
		 const struct resolver_options *options, struct resolver **out,
		 struct err *err)
{
	struct resolver *resolver = calloc(1, sizeof(*resolver));

	if (!resolver)
		return err_sys(err, ENOMEM, "resolve libraries");
	resolver->source = source;
	if (options)
		resolver->options = *options;
	*out = resolver;
	return 0;
}

static void free_linker(void *linker)
{
	linker_free(linker);
}

void resolver_free(struct resolver *resolver)
{
	if (!resolver)
		return;
	memo_clear(&resolver->linkers, free_linker);
	memo_clear(&resolver->units, unit_free);
	memo_clear(&resolver->names, NULL);
	free(resolver);
}

/* Who keeps the files and names. */
static struct resolver *store(struct resolver *resolver)
{
	struct resolver *other = resolver->options.files_of;

	return other ? other : resolver;
}

static int get_unit(struct resolver *resolver, const char *path,
		    struct unit **out, struct err *err)
{
	return unit_open(resolver->source, &store(resolver)->names,
			 &store(resolver)->units, path, out, err);
}

static bool needs_musl(const struct elf *elf)
{
	for (size_t i = 0; i < elf->n_dependencies; i++) {
		const char *name = elf->dependencies[i].name;

		if (strcmp(name, "libc.so") == 0 ||
		    strncmp(name, "libc.musl-", strlen("libc.musl-")) == 0)
			return true;
	}
	return false;
}

static bool is_there(const struct resolver *resolver, const char *path)
{
	struct stat st;

	return path && source_stat(resolver->source, path, &st) == 0;
}

/* Whose rules hold for a library that names no loader itself: the usual one of
 * its ABI.  NULL: none is known, or no memory. */
static char *guess_loader(const struct resolver *resolver,
			  const struct elf *elf)
{
	const char *glibc = loader_usual_path(&elf->abi);
	auto_free char *musl = loader_usual_musl_path(&elf->abi);

	if (needs_musl(elf) ||
	    (!is_there(resolver, glibc) && is_there(resolver, musl)))
		return TAKE(musl);
	return glibc ? strdup(glibc) : NULL;
}

static int get_linker(struct resolver *resolver, const char *loader,
		      const struct elf_abi *abi, struct linker **out,
		      struct err *err)
{
	auto_free char *key = NULL;
	void **known = NULL;
	int len = asprintf(&key, "%u:%u:%u:%x:%s", abi->class, abi->order,
			   abi->machine, abi->flags, loader);

	if (len >= 0)
		known = memo_at(&resolver->linkers, key, (size_t)len);
	if (!known)
		return err_sys(err, ENOMEM, "read %s", loader);
	if (!*known) {
		struct linker *linker = NULL;

		if (linker_new(resolver->source, &store(resolver)->names,
			       &store(resolver)->units, loader, abi, &linker,
			       err) < 0)
			return -1;
		linker->no_main_origin = resolver->options.no_main_origin;
		*known = linker;
	}
	*out = *known;
	return 0;
}

static int check_interpreter(const struct loading *loading, const char *path,
			     struct err *err)
{
	const struct library *library = loading->maps[MAP_LOADER].library;
	const char *prefix = loading->linker->source->name, *defect;

	if (library->error < 0 && library->error != -ENOEXEC &&
	    library->error != -EINVAL)
		return 0;
	defect = search_defect(loading, library);
	if (!defect && elf_abi_differs(&library->unit->elf->abi,
				       &loading->linker->loader->abi))
		defect = "it is for another machine";
	if (defect)
		return err_set(err, ERR_INPUT,
			       "%s%s, the interpreter of %s, cannot be "
			       "loaded: %s",
			       prefix, library->path, path, defect);
	return 0;
}

static int run(struct loading *loading, const char *path, const struct elf *elf,
	       struct err *err)
{
	const struct loader *loader = loading->linker->loader;

	if (loading_start(loading, path, elf->interpreter, err) < 0)
		return -1;
	if (elf->interpreter && check_interpreter(loading, path, err) < 0)
		return -1;
	if (loader->kind != LOADER_UNKNOWN)
		return elf->is_dynamic ? loading_run(loading, err) : 0;
	if (elf->n_dependencies == 0)
		return 0;
	return err_set(err, ERR_INPUT,
		       "%s: its interpreter %s is neither glibc's nor musl's, "
		       "so that its libraries cannot be told; list them in the "
		       "manifest",
		       path, loader->path);
}

/* Starts and runs a loading; *loading is to be cleared in either case. */
static int load(struct resolver *resolver, const char *path,
		const struct elf *elf, struct loading *loading, struct err *err)
{
	auto_free char *guess =
		elf->interpreter ? NULL : guess_loader(resolver, elf);
	const char *loader = elf->interpreter ? elf->interpreter : guess;
	struct linker *linker;

	*loading = (struct loading){
		.roots = resolver->options.roots,
		.all_hwcaps = resolver->options.all_hwcaps,
		.no_preload = resolver->options.no_preload,
	};
	if (!loader)
		return err_set(err, ERR_INPUT,
			       "%s: the loader of machine %u is not known",
			       path, elf->abi.machine);
	if (get_linker(resolver, loader, &elf->abi, &linker, err) < 0)
		return -1;
	loading->linker = linker;
	return run(loading, path, elf, err);
}

static bool copy(char **place, const char *text)
{
	*place = text ? strdup(text) : NULL;
	return *place || !text;
}

static int add_object(struct closure *closure, const struct map *map,
		      struct err *err)
{
	struct object *object = array_push(closure->objects, closure->n);
	const struct library *library = map->library;
	bool is_there = library && library->unit;

	if (!object)
		return err_sys(err, ENOMEM, "resolve %s", map->request);
	object->loader = map->loader; /* an index of maps, mended at the end */
	object->elf = is_there ? library->unit->elf : NULL;
	object->by_cache = map->by_cache;
	object->by_main_origin = map->by_main_origin;
	object->is_variant = map->is_variant;
	if (!copy(&object->name, map->request) ||
	    !copy(&object->path, is_there ? library->path : NULL) ||
	    !copy(&object->real, is_there ? library->real : NULL) ||
	    !copy(&object->searched, is_there	     ? NULL
				     : map->searched ? map->searched
						     : "that path only"))
		return err_sys(err, ENOMEM, "resolve %s", map->request);
	return 0;
}

/* places[i]: where map i went. */
static int emit(const struct loading *loading, bool has_interpreter,
		struct closure *closure, size_t *places, struct err *err)
{
	const struct map *maps = loading->maps;

	places[MAP_PROGRAM] = 0;
	if (add_object(closure, &maps[MAP_PROGRAM], err) < 0)
		return -1;
	if (has_interpreter) {
		places[MAP_LOADER] = closure->n;
		if (add_object(closure, &maps[MAP_LOADER], err) < 0)
			return -1;
	}
	for (size_t i = loading->first; i != NO_MAP; i = maps[i].next) {
		if (i == MAP_PROGRAM || (i == MAP_LOADER && has_interpreter))
			continue;
		places[i] = closure->n;
		if (add_object(closure, &maps[i], err) < 0)
			return -1;
	}
	for (size_t i = 0; i < closure->n; i++)
		closure->objects[i].loader = places[closure->objects[i].loader];
	return 0;
}

/* A file that needs no loader: alone. */
static int emit_alone(const char *path, const struct source *source,
		      const struct unit *unit, struct closure *out,
		      struct err *err)
{
	struct object *object = array_push(out->objects, out->n);

	if (!object || !copy(&object->name, path) ||
	    !copy(&object->path, path) ||
	    source_realpath(source, path, &object->real, NULL) < 0)
		return err_sys(err, ENOMEM, "resolve %s", path);
	object->elf = unit->elf;
	return 0;
}

/* What no loader ever loads. */
static bool is_object_file(const struct elf *elf)
{
	return elf->type != ET_DYN && elf->type != ET_EXEC;
}

static int resolve(struct resolver *resolver, const char *path,
		   struct closure *out, struct err *err)
{
	struct loading loading = {0};
	auto_free size_t *places = NULL;
	struct unit *unit;
	const struct elf *elf;
	int status;

	if (get_unit(resolver, path, &unit, err) < 0)
		return -1;
	elf = unit->elf;
	if (is_object_file(elf))
		return emit_alone(path, resolver->source, unit, out, err);
	if (elf->defect)
		return err_sys_kind(err, ERR_INPUT, ENOEXEC, "%s%s: %s",
				    resolver->source->name, path, elf->defect);
	if (!elf->interpreter && elf->n_dependencies == 0)
		return emit_alone(path, resolver->source, unit, out, err);
	status = load(resolver, path, elf, &loading, err);
	if (status == 0) {
		places = calloc(loading.n, sizeof(*places));
		status = places ? emit(&loading, elf->interpreter != NULL, out,
				       places, err)
				: err_sys(err, ENOMEM, "resolve %s", path);
	}
	loading_clear(&loading);
	return status;
}

int resolver_closure(struct resolver *resolver, const char *path,
		     struct closure *out, struct err *err)
{
	*out = (struct closure){0};
	if (resolve(resolver, path, out, err) == 0)
		return 0;
	closure_clear(out);
	return -1;
}

void closure_clear(struct closure *closure)
{
	for (size_t i = 0; i < closure->n; i++) {
		free(closure->objects[i].name);
		free(closure->objects[i].path);
		free(closure->objects[i].real);
		free(closure->objects[i].searched);
	}
	free(closure->objects);
	*closure = (struct closure){0};
}

static int find_for(struct resolver *resolver, const char *name,
		    const char *like, const struct elf *elf, char **path,
		    struct err *err)
{
	struct loading loading;
	const struct map *map = NULL;
	size_t found;
	int status = load(resolver, like, elf, &loading, err);

	if (status == 0)
		status = loading_map(&loading, MAP_PROGRAM, name, &found, err);
	if (status == 0)
		map = found == NO_MAP ? NULL : &loading.maps[found];
	if (map && map->library && map->library->unit) {
		*path = strdup(map->library->path);
		if (!*path)
			status = err_sys(err, ENOMEM, "resolve %s", name);
	} else if (status == 0) {
		status = err_set(
			err, ERR_INPUT, "%s not found; searched: %s", name,
			map && map->searched ? map->searched : "nowhere");
	}
	loading_clear(&loading);
	return status;
}

/* A file of the source whose loader is that of most programs there; owned by
 * the caller, NULL: none. */
static char *typical_program(struct resolver *resolver)
{
	struct elf_abi abi;
	struct unit *unit;
	struct err ignored;

	if (get_unit(resolver, "/bin/sh", &unit, &ignored) == 0 &&
	    unit->elf->interpreter && !unit->elf->defect)
		return strdup("/bin/sh");
	for (size_t i = 0; loader_known_abi(i, &abi); i++) {
		auto_free char *musl = loader_usual_musl_path(&abi);

		if (is_there(resolver, loader_usual_path(&abi)))
			return strdup(loader_usual_path(&abi));
		if (is_there(resolver, musl))
			return TAKE(musl);
	}
	return NULL;
}

int resolver_find_library(struct resolver *resolver, const char *name,
			  const char *like, char **path, struct err *err)
{
	auto_free char *typical = like ? NULL : typical_program(resolver);
	struct unit *unit;

	if (!like)
		like = typical;
	if (!like)
		return err_set(err, ERR_INPUT,
			       "%s cannot be searched for: %s/ has no /bin/sh "
			       "and no loader at a usual path",
			       name, resolver->source->name);
	if (get_unit(resolver, like, &unit, err) < 0)
		return -1;
	if (unit->elf->defect)
		return err_sys_kind(err, ERR_INPUT, ENOEXEC, "%s%s: %s",
				    resolver->source->name, like,
				    unit->elf->defect);
	return find_for(resolver, name, like, unit->elf, path, err);
}

const struct elf *resolver_elf(struct resolver *resolver, const char *path,
			       struct err *err)
{
	struct unit *unit;

	return get_unit(resolver, path, &unit, err) < 0 ? NULL : unit->elf;
}

const struct elf_hints *resolver_hints(struct resolver *resolver,
				       const char *path, struct err *err)
{
	auto_close int fd = -1;
	struct unit *unit;
	struct stat st;

	if (get_unit(resolver, path, &unit, err) < 0)
		return NULL;
	if (unit->hints)
		return unit->hints;
	fd = source_open_file(resolver->source, path, &st);
	if (fd < 0) {
		err_sys(err, -fd, "open %s%s", resolver->source->name, path);
		return NULL;
	}
	return elf_hints_read(fd, path, &unit->hints, err) < 0 ? NULL
							       : unit->hints;
}

static bool answers_to(const struct object *object, const char *name)
{
	const char *slash = strrchr(object->path, '/');

	return strcmp(object->name, name) == 0 ||
	       (object->elf->soname &&
		strcmp(object->elf->soname, name) == 0) ||
	       strcmp(slash + 1, name) == 0;
}

static const struct object *find_provider(const struct closure *closure,
					  const char *name)
{
	for (size_t i = 0; i < closure->n; i++)
		if (closure->objects[i].path && closure->objects[i].elf &&
		    !closure->objects[i].is_variant &&
		    answers_to(&closure->objects[i], name))
			return &closure->objects[i];
	return NULL;
}

static bool defines(const struct elf *elf, const char *version)
{
	for (size_t i = 0; i < elf->n_defines; i++)
		if (strcmp(elf->defines[i], version) == 0)
			return true;
	return false;
}

int closure_check_versions(const struct closure *closure, struct err *err)
{
	for (size_t i = 0; i < closure->n; i++) {
		const struct elf *elf = closure->objects[i].elf;

		for (size_t k = 0; elf && k < elf->n_needs; k++) {
			const struct elf_version *need = &elf->needs[k];
			const struct object *provider =
				find_provider(closure, need->file);

			/* Without any version the loader only warns. */
			if (need->is_weak || !provider ||
			    provider->elf->n_defines == 0 ||
			    defines(provider->elf, need->version))
				continue;
			return err_set(err, ERR_INPUT,
				       "%s needs %s of %s, and %s does not "
				       "define it; take both from one "
				       "distribution",
				       closure->objects[i].path, need->version,
				       need->file, provider->path);
		}
	}
	return 0;
}
