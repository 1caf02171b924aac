#include "linker.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "elf_hints.h"

void unit_free(void *value)
{
	struct unit *unit = value;

	elf_hints_free(unit->hints);
	elf_free(unit->elf);
	free(unit->dependencies);
	free(unit);
}

static bool intern_names(struct memo *names, struct unit *unit)
{
	const struct elf *elf = unit->elf;

	if (elf->soname && !(unit->soname = memo_intern(names, elf->soname)))
		return false;
	unit->dependencies =
		calloc(elf->n_dependencies + 1, sizeof(*unit->dependencies));
	for (size_t i = 0; unit->dependencies && i < elf->n_dependencies; i++) {
		unit->dependencies[i] =
			memo_intern(names, elf->dependencies[i].name);
		if (!unit->dependencies[i])
			return false;
	}
	return unit->dependencies != NULL;
}

/* The errors that say something of a path, and nothing of us. */
static bool is_answer(int error)
{
	switch (-error) {
	case ENOENT:
	case ENOTDIR:
	case EACCES:
	case EPERM:
	case ELOOP:
	case ENAMETOOLONG:
	case EINVAL: /* no regular file */
	case ENXIO:
		return true;
	default:
		return false;
	}
}

static int read_unit(const struct source *source, struct memo *names,
		     const char *path, struct unit **out, struct err *err)
{
	struct unit *unit = calloc(1, sizeof(*unit));
	struct stat st;
	int fd = -1, status = -1;

	if (!unit)
		return err_sys(err, ENOMEM, "open %s%s", source->name, path);
	fd = source_open_file(source, path, &st);
	if (fd < 0)
		err_sys_kind(err, is_answer(fd) ? ERR_INPUT : ERR_SYSTEM, -fd,
			     "open %s%s", source->name, path);
	else if (elf_read(fd, path, &unit->elf, err) == 0)
		status = 0;
	if (fd >= 0)
		close(fd);
	if (status == 0 && !intern_names(names, unit))
		status = err_sys(err, ENOMEM, "read %s%s", source->name, path);
	if (status < 0)
		unit_free(unit);
	else
		*out = unit;
	return status;
}

int unit_open(const struct source *source, struct memo *names,
	      struct memo *units, const char *path, struct unit **out,
	      struct err *err)
{
	struct stat st = {0};
	int error = source_stat(source, path, &st);
	struct {
		uint64_t dev, ino;
	} key = {st.st_dev, st.st_ino};
	void **known;

	if (error < 0)
		return err_sys_kind(err,
				    is_answer(error) ? ERR_INPUT : ERR_SYSTEM,
				    -error, "open %s%s", source->name, path);
	known = memo_at(units, &key, sizeof(key));
	if (!known)
		return err_sys(err, ENOMEM, "open %s%s", source->name, path);
	if (!*known) {
		struct unit *unit = NULL;

		if (read_unit(source, names, path, &unit, err) < 0)
			return -1;
		*known = unit;
	}
	*out = *known;
	return 0;
}

static void library_free(void *value)
{
	struct library *library = value;

	ldpath_free(library->rpath);
	ldpath_free(library->runpath);
	free(library->real);
	free(library->origin);
	free(library);
}

int linker_new(const struct source *source, struct memo *names,
	       struct memo *units, const char *loader_path,
	       const struct elf_abi *abi, struct linker **out, struct err *err)
{
	auto_of(linker) struct linker *linker = calloc(1, sizeof(*linker));

	if (!linker)
		return err_sys(err, ENOMEM, "read %s", loader_path);
	linker->source = source;
	linker->names = names;
	linker->units = units;
	if (loader_read(source, loader_path, abi, &linker->loader, err) < 0)
		return -1;
	if (linker->loader->kind != LOADER_UNKNOWN &&
	    ldpath_system(linker, &linker->system, err) < 0)
		return -1;
	*out = TAKE(linker);
	return 0;
}

void linker_free(struct linker *linker)
{
	if (!linker)
		return;
	memo_clear(&linker->libraries, library_free);
	memo_clear(&linker->programs, library_free);
	memo_clear(&linker->dirs, libdir_free);
	ldpath_free(linker->system);
	loader_free(linker->loader);
	free(linker);
}

/* The directory of a path as opened; glibc keeps the slash of "/". */
static char *origin_of(const struct linker *linker, const char *path)
{
	const char *slash = strrchr(path, '/');
	size_t len = (size_t)(slash - path);

	if (len == 0 && linker->loader->kind == LOADER_GLIBC)
		len = 1;
	return strndup(path, len);
}

static int fill_library(struct linker *linker, struct library *library,
			bool is_program, struct err *err)
{
	const char *path = library->path;
	int error = source_realpath(linker->source, path, &library->real, NULL);

	if (error == 0 &&
	    unit_open(linker->source, linker->names, linker->units, path,
		      &library->unit, err) < 0) {
		if (err->kind != ERR_INPUT)
			return -1;
		error = -err->sys;
	}
	library->error = error;
	if (error < 0 && error != -ENOEXEC && !is_answer(error))
		return err_sys(err, -error, "open %s%s", linker->source->name,
			       path);
	if (is_program && linker->no_main_origin)
		return 0;
	if (library->real)
		library->origin =
			origin_of(linker, is_program ? library->real : path);
	if (library->real && !library->origin)
		return err_sys(err, ENOMEM, "open %s%s", linker->source->name,
			       path);
	return 0;
}

int linker_open(struct linker *linker, const char *path, bool is_program,
		struct library **out, struct err *err)
{
	void **known =
		memo_at(is_program ? &linker->programs : &linker->libraries,
			path, strlen(path));
	struct library *library = known ? *known : NULL;

	if (library) {
		*out = library;
		return 0;
	}
	library = known ? calloc(1, sizeof(*library)) : NULL;
	if (library)
		library->path = memo_intern(linker->names, path);
	if (!library || !library->path) {
		free(library);
		return err_sys(err, ENOMEM, "open %s%s", linker->source->name,
			       path);
	}
	if (fill_library(linker, library, is_program, err) < 0) {
		library_free(library);
		return -1;
	}
	*known = *out = library;
	return 0;
}

int linker_paths(struct linker *linker, struct library *library,
		 struct err *err)
{
	const struct elf *elf = library->unit->elf;

	if (library->has_paths)
		return 0;
	/* An empty list is none, and not the working directory. */
	if (elf->runpath && *elf->runpath &&
	    ldpath_new(linker, elf->runpath, library->origin, &library->runpath,
		       err) < 0)
		return -1;
	if (elf->rpath && *elf->rpath && !elf->runpath &&
	    ldpath_new(linker, elf->rpath, library->origin, &library->rpath,
		       err) < 0)
		return -1;
	library->has_paths = true;
	return 0;
}
