#include "hints.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "elf.h"
#include "elf_hints.h"

static bool is_in_image(const struct plan *plan, const char *name)
{
	for (size_t i = 0; i < plan->tree->n; i++) {
		const char *path = plan->tree->nodes[i]->path;

		if (strcmp(strrchr(path, '/') + 1, name) == 0)
			return true;
	}
	return false;
}

static int offer(struct plan *plan, const char *program, const char *name,
		 struct err *err)
{
	auto_free char *path = NULL;
	struct err why = {0};

	if (is_in_image(plan, name))
		return 0;
	if (resolver_find_library(plan->resolver, name, program, &path, &why) <
	    0) {
		if (why.kind == ERR_INPUT)
			return 0; /* not in the source either */
		*err = why;
		return -1;
	}
	return notes_add(&plan->notes, NOTE_HINT, err,
			 "%s may open %s (%s); `lib %s` would bring it",
			 program, name, path, name);
}

static int scan_file(struct plan *plan, const char *path, struct err *err)
{
	auto_of(elf_hints) struct elf_hints *hints = NULL;
	struct stat st;
	auto_close int fd = source_open_file(plan->source, path, &st);

	if (fd < 0)
		return err_sys_kind(err, ERR_INPUT, -fd, "%s", path);
	if (elf_hints_read(fd, path, &hints, err) < 0)
		return -1;
	for (size_t i = 0; i < hints->n_libraries; i++)
		if (offer(plan, path, hints->libraries[i], err) < 0)
			return -1;
	return 0;
}

static int scan_closure(struct plan *plan, const struct closure *closure,
			struct strset *done, struct err *err)
{
	for (size_t i = 0; i < closure->n; i++) {
		const struct object *object = &closure->objects[i];
		int added;

		if (!object->elf ||
		    !(object->elf->imports & ELF_IMPORTS_DLOPEN))
			continue;
		added = strset_add(done, object->real);
		if (added < 0)
			return err_sys(err, ENOMEM, "hints");
		if (added && scan_file(plan, object->real, err) < 0)
			return -1;
	}
	return 0;
}

int hints_collect(struct plan *plan, struct err *err)
{
	struct strset done = {0};
	int result = 0;

	for (size_t i = 0; result == 0 && i < plan->n_roots; i++)
		result =
			scan_closure(plan, &plan->roots[i].closure, &done, err);
	strset_clear(&done);
	return result;
}
