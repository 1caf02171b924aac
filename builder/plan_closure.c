/*
 * lib, and the closure of every ELF file in the plan: libraries, interpreters,
 * what .note.dlopen asks for, what glibc opens by itself.
 */
#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dlopen_note.h"
#include "dpkg.h"
#include "elf.h"
#include "elf_hints.h"
#include "pattern.h"
#include "plan_parts.h"

/* Words about whoever wants it in front of why it cannot be had. */
static int refuse(const struct entry *entry, struct err *err)
{
	enum err_kind kind = err->kind == ERR_INPUT ? ERR_MANIFEST : err->kind;

	return err_reword(err, kind, "%s:%u", entry->file, entry->line);
}

static int add_library_file(struct plan *plan, const struct entry *entry,
			    const char *path, char *requester,
			    const char *relation, struct err *err)
{
	struct reason reason = {entry, requester, relation};
	auto_free char *real = NULL;

	if (plan_source_path(plan, path, &reason, &real, err) < 0)
		return -1;
	return plan_add_root(plan, real, real, entry, false, err);
}

/* lib NAME: as dlopen() in a program of the source would find it. */
static int add_named(struct plan *plan, const struct entry *entry,
		     const char *name, struct err *err)
{
	auto_free char *path = NULL;

	if (resolver_find_library(plan->resolver, name, NULL, &path, err) < 0) {
		if (entry->optional && err->kind == ERR_INPUT)
			return 0;
		return refuse(entry, err);
	}
	if (plan_add_library(plan, name, path, NULL, entry, err) < 0)
		return -1;
	return add_library_file(plan, entry, path, NULL, NULL, err);
}

static int add_path(struct plan *plan, const struct entry *entry,
		    const char *path, struct err *err)
{
	char head[SELFMAG];
	struct stat st;
	size_t n;

	if (plan_head(plan, entry, path, head, sizeof(head), &n, &st, err) < 0)
		return -1;
	if (!head_is_elf(head, n))
		return entry_error(entry, err,
				   "%s: no ELF file; `file` takes data", path);
	return add_library_file(plan, entry, path, NULL, NULL, err);
}

int plan_lib(struct plan *plan, const struct entry *entry, struct err *err)
{
	auto_free char *name = NULL;
	struct matches matches = {0};
	int result;

	if (plan_expand(plan, entry, entry->args[0], &name, err) < 0)
		return -1;
	if (!strchr(name, '/'))
		return add_named(plan, entry, name, err);
	result = plan_matches(plan, entry, name, &matches, err);
	for (size_t i = 0; result == 0 && i < matches.n; i++)
		result = add_path(plan, entry, matches.paths[i], err);
	matches_clear(&matches);
	return result;
}

static int refuse_missing(struct plan *plan, const struct plan_root *root,
			  const struct object *object, struct err *err)
{
	const struct object *loader = &root->closure.objects[object->loader];
	auto_free char *package = NULL, *place = NULL;
	const char *base = strrchr(object->name, '/');
	char hint[200] = "";

	if (dpkg_owner(plan->source, base ? base + 1 : object->name, &package,
		       &place) < 0)
		return err_sys(err, ENOMEM, "%s", object->name);
	if (package)
		snprintf(hint, sizeof(hint), "; package %.80s would have it",
			 package);
	return entry_error(
		root->entry, err,
		"%s, needed by %s, not found; searched: %.200s%s", object->name,
		loader->real ? loader->real : root->path,
		object->searched ? object->searched : "nowhere", hint);
}

/* A shared object of a tree or package, that some program will open. */
static bool is_plugin(const struct plan_root *root)
{
	return root->was_found && !elf_is_program(root->closure.objects[0].elf);
}

static int add_object(struct plan *plan, const struct plan_root *root,
		      size_t index, struct err *err)
{
	const struct object *object = &root->closure.objects[index];
	const struct object *loader = &root->closure.objects[object->loader];
	const struct elf *program = root->closure.objects[0].elf;
	struct reason reason = {root->entry, loader->real, "needed library"};

	if (!object->path) {
		if (is_plugin(root))
			return 0; /* until all is there: check_plugins() */
		if (root->entry->optional)
			return notes_add(&plan->notes, NOTE_HINT, err,
					 "%s, needed by %s, not found",
					 object->name, loader->real);
		return refuse_missing(plan, root, object, err);
	}
	if (index == 1 && program && program->interpreter)
		reason.relation = "interpreter";
	return plan_source_path(plan, object->path, &reason, NULL, err);
}

/* The first name of a wish that is there. */
static int grant_wish(struct plan *plan, const struct plan_root *root,
		      const struct dlopen_wish *wish, char *by, struct err *err)
{
	struct err why = {0};

	for (size_t i = 0; i < wish->n_names; i++) {
		auto_free char *path = NULL;

		if (resolver_find_library(plan->resolver, wish->names[i],
					  root->path, &path, &why) == 0) {
			if (plan_add_library(plan, wish->names[i], path,
					     root->path, root->entry, err) < 0)
				return -1;
			return add_library_file(plan, root->entry, path, by,
						"library by .note.dlopen", err);
		}
		if (why.kind != ERR_INPUT) {
			*err = why;
			return -1;
		}
	}
	if (wish->priority == WISH_REQUIRED)
		return entry_error(root->entry, err,
				   "%s, needed by %s (.note.dlopen: required), "
				   "not found; `dlopen none` does without",
				   wish->names[0], by);
	return notes_add(&plan->notes, NOTE_HINT, err,
			 "%s, which %s would use, not found", wish->names[0],
			 by);
}

static int grant_wishes(struct plan *plan, const struct plan_root *root,
			const struct object *object, struct err *err)
{
	for (size_t i = 0; i < object->elf->n_dlopen_notes; i++) {
		struct dlopen_wishes wishes;
		int result = 0;

		if (dlopen_note_parse(object->elf->dlopen_notes[i], &wishes,
				      err) < 0)
			return err_context(err, "%s", object->real);
		for (size_t j = 0; result == 0 && j < wishes.n; j++)
			if ((int)wishes.items[j].priority < (int)plan->dlopen)
				result =
					grant_wish(plan, root, &wishes.items[j],
						   object->real, err);
		dlopen_wishes_clear(&wishes);
		if (result < 0)
			return -1;
	}
	return 0;
}

/* What glibc opens by itself when a function is called. */
static int add_by_symbol(struct plan *plan, const struct plan_root *root,
			 const struct object *object, struct err *err)
{
	static const char unwinder[] = "libgcc_s.so.1";
	auto_free char *path = NULL;
	struct err why = {0};

	if (!(object->elf->imports & ELF_IMPORTS_UNWINDER))
		return 0;
	if (resolver_find_library(plan->resolver, unwinder, root->path, &path,
				  &why) < 0) {
		if (why.kind == ERR_INPUT)
			return notes_add(&plan->notes, NOTE_HINT, err,
					 "%s, which %s makes the C library "
					 "open, not found",
					 unwinder, object->real);
		*err = why;
		return -1;
	}
	if (plan_add_library(plan, unwinder, path, root->path, root->entry,
			     err) < 0)
		return -1;
	return add_library_file(plan, root->entry, path, object->real,
				"library to unwind the stack", err);
}

/* What one file asks for beyond what it is linked to; looked at once. */
static int scan_object(struct plan *plan, const struct plan_root *root,
		       size_t index, struct err *err)
{
	const struct object *object = &root->closure.objects[index];
	int added;

	if (!object->real || !object->elf)
		return 0;
	added = strset_add(&plan->scanned, object->real);
	if (added < 0)
		return err_sys(err, ENOMEM, "plan %s", object->real);
	if (added == 0)
		return 0;
	if (grant_wishes(plan, root, object, err) < 0 ||
	    add_by_symbol(plan, root, object, err) < 0)
		return -1;
	return 0;
}

/* What lies in a tree may be an object file, a core, or for another machine:
 * data that no loader of this image will ever see. */
static bool is_data(struct plan *plan, const struct plan_root *root,
		    const struct elf *elf)
{
	const struct target *target = plan_target(plan, &(struct err){0});

	if (!root->was_found)
		return false;
	return (elf->type != ET_DYN && elf->type != ET_EXEC) || elf->defect ||
	       !elf->is_loadable ||
	       (target && target->machine &&
		target->machine != elf->abi.machine);
}

/* By value of the index: the array grows while wishes are granted. */
static int close_root(struct plan *plan, size_t index, struct err *err)
{
	struct plan_root root = plan->roots[index];
	const struct elf *elf = resolver_elf(plan->resolver, root.path, err);

	if (!elf)
		return refuse(root.entry, err);
	if (is_data(plan, &root, elf))
		return 0;
	if (resolver_closure(plan->resolver, root.path, &root.closure, err) < 0)
		return refuse(root.entry, err);
	plan->roots[index].closure = root.closure;
	for (size_t i = 1; i < root.closure.n; i++)
		if (add_object(plan, &root, i, err) < 0)
			return -1;
	for (size_t i = 0; i < root.closure.n; i++)
		if (scan_object(plan, &root, i, err) < 0)
			return -1;
	return 0;
}

/* Which names the files of the image have. */
static int collect_names(const struct plan *plan, struct strset *names)
{
	for (size_t i = 0; i < plan->tree->n; i++) {
		const char *path = plan->tree->nodes[i]->path;

		if (strset_add(names, strrchr(path, '/') + 1) < 0)
			return -1;
	}
	return 0;
}

static int check_plugin(struct plan *plan, const struct plan_root *root,
			const struct strset *names, struct err *err)
{
	for (size_t i = 1; i < root->closure.n; i++) {
		const struct object *object = &root->closure.objects[i];

		if (object->path || strset_has(names, object->name))
			continue;
		if (!root->entry->optional)
			return refuse_missing(plan, root, object, err);
		if (notes_add(&plan->notes, NOTE_HINT, err,
			      "%s, needed by %s, not found", object->name,
			      root->path) < 0)
			return -1;
	}
	return 0;
}

/*
 * A plugin may need a library that only the program finds that opens it: the
 * loader takes one that is already loaded.  So its name must be in the image.
 */
static int check_plugins(struct plan *plan, struct err *err)
{
	struct strset names = {0};
	int result = 0;

	if (collect_names(plan, &names) < 0)
		result = err_sys(err, ENOMEM, "plan");
	for (size_t i = 0; result == 0 && i < plan->n_roots; i++)
		if (plan->roots[i].closure.n > 0 && is_plugin(&plan->roots[i]))
			result = check_plugin(plan, &plan->roots[i], &names,
					      err);
	strset_clear(&names);
	return result;
}

int plan_closures(struct plan *plan, struct err *err)
{
	for (size_t i = 0; i < plan->n_roots; i++)
		if (close_root(plan, i, err) < 0)
			return -1;
	return check_plugins(plan, err);
}
