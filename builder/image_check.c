#include "image_check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "image_cache.h"
#include "image_source.h"
#include "plan_parts.h"

/* The planned image, seen as a root with a loader in it. */
struct inside {
	struct source *source;
	struct resolver *resolver;
};

static void inside_close(struct inside *inside)
{
	resolver_free(inside->resolver);
	source_free(inside->source);
	*inside = (struct inside){0};
}

static int inside_open(const struct plan *plan, struct inside *inside,
		       struct err *err)
{
	const struct resolver_options options = {
		.all_hwcaps = plan->all_hwcaps,
		.no_main_origin = !plan->has_proc,
		.files_of = plan->resolver,
	};

	if (image_source_open(plan->tree, plan->source, &inside->source, err) <
	    0)
		return -1;
	return resolver_new(inside->source, &options, &inside->resolver, err);
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

/* What the image lacks, so that the source's library is not found in it. */
static const char *lacking(const struct inside *inside, const struct plan *plan,
			   const struct object *was)
{
	auto_free char *real = NULL;

	if (was->path &&
	    source_realpath(inside->source, was->path, &real, NULL) != 0)
		return "; an `omit` leaves it out";
	if (plan->cache != CACHE_NO)
		return "";
	if (was->by_main_origin)
		return "; it is found by $ORIGIN, which needs /proc (`need "
		       "proc`) or `cache auto`";
	if (was->by_cache)
		return "; it is found by ld.so.cache, which `cache no` leaves "
		       "out";
	return "";
}

/* A library that the image would load otherwise than the source. */
static int differs(const struct plan_root *root, const struct object *was,
		   const struct object *is, const char *why, struct err *err)
{
	if (!was)
		return entry_error(root->entry, err,
				   "in the image %s would also load %s (%s)",
				   root->image, is->name,
				   is->real ? is->real : "not there");
	if (!is || !is->real)
		return entry_error(root->entry, err,
				   "in the image %s would not find %s (%s)%s",
				   root->image, was->name, was->real, why);
	return entry_error(root->entry, err,
			   "in the image %s would load %s for %s, not %s%s",
			   root->image, is->real, was->name, was->real, why);
}

static const struct object *object_at(const struct closure *closure, size_t i)
{
	return i < closure->n ? &closure->objects[i] : NULL;
}

/* 0, 1 and why when they differ. */
static int compare(const struct inside *inside, const struct plan *plan,
		   const struct plan_root *root, const struct closure *is,
		   struct err *err)
{
	size_t n = root->closure.n > is->n ? root->closure.n : is->n;

	for (size_t i = 1; i < n; i++) {
		const struct object *was = object_at(&root->closure, i);
		const struct object *now = object_at(is, i);

		if (was && now && same_text(was->name, now->name) &&
		    same_text(was->real, now->real))
			continue;
		/* Missing in the source too, and that was let through. */
		if (was && !was->real && (!now || !now->real))
			continue;
		differs(root, was, now, was ? lacking(inside, plan, was) : "",
			err);
		return 1;
	}
	return 0;
}

/* 0, 1 and why when the image would behave otherwise, -1. */
static int check_root(const struct inside *inside, const struct plan *plan,
		      const struct plan_root *root, struct err *err)
{
	struct closure closure = {0};
	int result;

	if (root->closure.n == 0 || !tree_find(plan->tree, root->image))
		return 0; /* data, or omitted */
	if (resolver_closure(inside->resolver, root->image, &closure, err) < 0)
		return err->kind == ERR_SYSTEM ? -1 : 1;
	result = compare(inside, plan, root, &closure, err);
	closure_clear(&closure);
	return result;
}

static int compare_library(const struct inside *inside, const struct plan *plan,
			   const struct plan_library *library, const char *path,
			   struct err *err)
{
	auto_free char *is = NULL, *was = NULL;
	int error = source_realpath(inside->source, path, &is, NULL);

	if (error == 0)
		error = source_realpath(plan->source, library->path, &was,
					NULL);
	if (error != 0)
		return err_sys(err, -error, "check %s", path);
	if (strcmp(is, was) == 0)
		return 0;
	entry_error(library->entry, err, "in the image %s would be %s, not %s",
		    library->name, is, was);
	return 1;
}

static int check_library(const struct inside *inside, const struct plan *plan,
			 const struct plan_library *library, struct err *err)
{
	auto_free char *path = NULL;
	const char *like = library->like;

	if (like && !tree_find(plan->tree, like))
		return 0; /* omitted, or under another name */
	if (resolver_find_library(inside->resolver, library->name, like, &path,
				  err) < 0) {
		if (err->kind == ERR_SYSTEM)
			return -1;
		err_reword(err, ERR_MANIFEST, "%s:%u: in the image",
			   library->entry->file, library->entry->line);
		return 1;
	}
	return compare_library(inside, plan, library, path, err);
}

/* 0, 1 and why, -1. */
static int check_inside(const struct plan *plan, struct err *err)
{
	struct inside inside = {0};
	int result = inside_open(plan, &inside, err);

	for (size_t i = 0; result == 0 && i < plan->n_roots; i++)
		result = check_root(&inside, plan, &plan->roots[i], err);
	for (size_t i = 0; result == 0 && i < plan->n_libraries; i++)
		result = check_library(&inside, plan, &plan->libraries[i], err);
	inside_close(&inside);
	return result;
}

/* The check that the loader makes at start. */
static int check_versions(const struct plan *plan, struct err *err)
{
	for (size_t i = 0; i < plan->n_roots; i++) {
		const struct plan_root *root = &plan->roots[i];

		if (closure_check_versions(&root->closure, err) < 0)
			return err_reword(err, ERR_MANIFEST, "%s:%u",
					  root->entry->file, root->entry->line);
	}
	return 0;
}

/* Filled by the launcher, or by whoever runs the jail. */
static bool comes_later(const char *target)
{
	static const char *const later[] = {"/proc/", "/sys/", "/dev/", "/run/",
					    "/tmp/"};

	for (size_t i = 0; i < sizeof(later) / sizeof(*later); i++)
		if (strncmp(target, later[i], strlen(later[i])) == 0)
			return true;
	return false;
}

/* A link that leads nowhere: a mistake where the manifest makes it, worth a
 * hint where the source's files came without what it names. */
static int check_link(struct plan *plan, const struct source *inside,
		      const struct node *node, struct err *err)
{
	const struct entry *entry = node->reason.entry;
	auto_free char *real = NULL;
	int error = source_realpath(inside, node->path, &real, NULL);

	if (error == 0 || comes_later(node->target))
		return 0;
	if (source_failed(error))
		return err_sys(err, -error, "check %s", node->path);
	if (entry && entry->verb == VERB_LINK)
		return entry_error(entry, err,
				   "%s -> %s leads nowhere in the image; add "
				   "what it names, if only by `dir` or `text`",
				   node->path, node->target);
	return notes_add(&plan->notes, NOTE_HINT, err,
			 "%s -> %s leads nowhere in the image", node->path,
			 node->target);
}

static int check_script(struct plan *plan, const struct source *inside,
			const struct plan_script *script, struct err *err)
{
	struct stat st;
	int error;

	if (!tree_find(plan->tree, script->image))
		return 0;
	error = source_stat(inside, script->interpreter, &st);
	if (error == 0)
		return 0;
	if (source_failed(error))
		return err_sys(err, -error, "check %s", script->image);
	if (!script->was_found)
		return entry_error(script->entry, err,
				   "%s, interpreter of %s, is not in the image",
				   script->interpreter, script->image);
	return notes_add(&plan->notes, NOTE_HINT, err,
			 "%s, interpreter of %s, is not in the image",
			 script->interpreter, script->image);
}

static int check_names(struct plan *plan, struct err *err)
{
	auto_of(source) struct source *inside = NULL;

	if (image_source_open(plan->tree, plan->source, &inside, err) < 0)
		return -1;
	for (size_t i = 0; i < plan->tree->n; i++)
		if (plan->tree->nodes[i]->type == NODE_SYMLINK &&
		    check_link(plan, inside, plan->tree->nodes[i], err) < 0)
			return -1;
	for (size_t i = 0; i < plan->n_scripts; i++)
		if (check_script(plan, inside, &plan->scripts[i], err) < 0)
			return -1;
	return 0;
}

/* auto: only when something would not be found without. */
static int check_closures(struct plan *plan, struct err *err)
{
	struct err why = {0};
	int result;

	if (plan->cache == CACHE_YES && image_cache_add(plan, err) < 0)
		return -1;
	result = check_inside(plan, &why);
	if (result == 1 && plan->cache == CACHE_AUTO) {
		if (image_cache_add(plan, err) < 0)
			return -1;
		why = (struct err){0};
		result = check_inside(plan, &why);
	}
	if (result != 0)
		*err = why;
	return result ? -1 : 0;
}

int image_check(struct plan *plan, struct err *err)
{
	if (check_closures(plan, err) < 0 || check_versions(plan, err) < 0 ||
	    check_names(plan, err) < 0)
		return -1;
	return 0;
}
