#include "image_cache.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "elf.h"
#include "ldcache_write.h"
#include "plan_parts.h"

struct wanted {
	struct ldcache_entry entry;
	char *path; /* of the entry, owned */
	const char *by; /* the program, or NULL */
	const struct entry *line;
};

struct list {
	struct wanted *items;
	size_t n;
};

static void list_clear(struct list *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->items[i].path);
	free(list->items);
}

/* The path with its directory's real name: a library has one spelling. */
static char *spell(const struct plan *plan, const char *path)
{
	const char *slash = strrchr(path, '/');
	auto_free char *dir = strndup(path, (size_t)(slash - path) + 1);
	auto_free char *real = NULL;
	char *out = NULL;

	if (!dir || source_realpath(plan->source, dir, &real, NULL) < 0 ||
	    asprintf(&out, "%s%s", strcmp(real, "/") == 0 ? "" : real, slash) <
		    0)
		return NULL;
	return out;
}

static int add(const struct plan *plan, struct list *list,
	       const struct wanted *wanted, struct err *err)
{
	struct wanted *place = array_push(list->items, list->n);

	if (!place)
		return err_sys(err, ENOMEM, "ld.so.cache");
	*place = *wanted;
	place->path = spell(plan, wanted->entry.path);
	if (!place->path)
		return err_sys(err, ENOMEM, "ld.so.cache");
	place->entry.path = place->path;
	return 0;
}

static int collect_root(const struct plan *plan, const struct plan_root *root,
			struct list *list, struct err *err)
{
	if (!tree_find(plan->tree, root->image))
		return 0;
	for (size_t i = 1; i < root->closure.n; i++) {
		const struct object *object = &root->closure.objects[i];
		struct wanted wanted = {.by = root->image, .line = root->entry};

		if (!object->path || !object->elf || object->is_variant ||
		    (!object->by_cache && !object->by_main_origin))
			continue;
		wanted.entry = (struct ldcache_entry){
			object->name, object->path, object->elf->abi};
		if (add(plan, list, &wanted, err) < 0)
			return -1;
	}
	return 0;
}

static int collect(const struct plan *plan, struct list *list, struct err *err)
{
	for (size_t i = 0; i < plan->n_roots; i++)
		if (collect_root(plan, &plan->roots[i], list, err) < 0)
			return -1;
	for (size_t i = 0; i < plan->n_libraries; i++) {
		const struct plan_library *library = &plan->libraries[i];
		struct wanted wanted = {.line = library->entry};
		const struct elf *elf =
			resolver_elf(plan->resolver, library->path, err);

		if (!elf)
			return -1;
		wanted.entry = (struct ldcache_entry){library->name,
						      library->path, elf->abi};
		if (add(plan, list, &wanted, err) < 0)
			return -1;
	}
	return 0;
}

static int compare(const void *a, const void *b)
{
	const struct wanted *first = a, *second = b;
	int order = strcmp(first->entry.name, second->entry.name);

	if (order == 0)
		order = memcmp(&first->entry.abi, &second->entry.abi,
			       sizeof(first->entry.abi));
	return order ? order : strcmp(first->entry.path, second->entry.path);
}

static int refuse(const struct wanted *a, const struct wanted *b,
		  struct err *err)
{
	return entry_error(b->line, err,
			   "%s: the image's ld.so.cache cannot name both %s "
			   "(for %s) and %s (for %s); leave one out, or `need "
			   "proc`",
			   a->entry.name, a->entry.path, a->by ? a->by : "lib",
			   b->entry.path, b->by ? b->by : "lib");
}

/* One entry a name; entries is as long as the list. */
static int reduce(struct list *list, struct ldcache_entry *entries, size_t *n,
		  struct err *err)
{
	*n = 0;
	if (list->n)
		qsort(list->items, list->n, sizeof(*list->items), compare);
	for (size_t i = 0; i < list->n; i++) {
		const struct wanted *item = &list->items[i];
		const struct wanted *last = i ? item - 1 : NULL;

		if (last && strcmp(last->entry.name, item->entry.name) == 0 &&
		    !elf_abi_differs(&last->entry.abi, &item->entry.abi)) {
			if (strcmp(last->entry.path, item->entry.path) != 0)
				return refuse(last, item, err);
			continue;
		}
		entries[(*n)++] = item->entry;
	}
	return 0;
}

static int put(struct plan *plan, struct ldcache_entry *entries, size_t n,
	       struct err *err)
{
	struct reason always = {.relation = NULL};
	char path[] = "/etc/ld.so.cache";
	auto_free char *data = NULL;
	struct node want = {
		.path = path,
		.type = NODE_FILE,
		.content = CONTENT_TEXT,
		.mode = 0644,
		.rank = RANK_SOURCE,
	};
	size_t len;

	if (ldcache_write(entries, n, &data, &len, err) < 0)
		return -1;
	want.text = data;
	want.size = (off_t)len;
	return plan_put(plan, &want, &always, err);
}

int image_cache_add(struct plan *plan, struct err *err)
{
	struct list list = {0};
	struct ldcache_entry *entries = NULL;
	size_t n;
	int result = collect(plan, &list, err);

	if (result == 0) {
		entries = calloc(list.n + 1, sizeof(*entries));
		result = entries ? reduce(&list, entries, &n, err)
				 : err_sys(err, ENOMEM, "ld.so.cache");
	}
	if (result == 0)
		result = put(plan, entries, n, err);
	free(entries);
	list_clear(&list);
	return result;
}
