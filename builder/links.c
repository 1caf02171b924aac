#include "links.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int compare_path(const char *path, size_t len, const char *other)
{
	int order = strncmp(path, other, len);

	return order ? order : (other[len] ? -1 : 0);
}

/* The node whose path is the first len bytes of path; tree->n: none. */
static size_t find_node(const struct tree *tree, const char *path, size_t len)
{
	size_t low = 0, high = tree->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = compare_path(path, len, tree->nodes[middle]->path);

		if (order == 0)
			return middle;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return tree->n;
}

static size_t find_parent(const struct tree *tree, const char *path)
{
	size_t len = (size_t)(strrchr(path, '/') - path);

	return find_node(tree, path, len ? len : 1);
}

static int find_file(const struct tree *tree, size_t index, size_t *file,
		     struct err *err)
{
	const struct node *node = tree->nodes[index];

	*file = index;
	if (node->type != NODE_HARDLINK)
		return 0;
	*file = find_node(tree, node->target, strlen(node->target));
	if (*file < tree->n && tree->nodes[*file]->type == NODE_FILE)
		return 0;
	return err_set(err, ERR_MANIFEST,
		       "%s: hard link to %s, which is no file of the image",
		       node->path, node->target);
}

static int connect_nodes(const struct tree *tree, struct link *items,
			 struct err *err)
{
	for (size_t i = 0; i < tree->n; i++) {
		bool is_dir = tree->nodes[i]->type == NODE_DIR;
		struct link *link = &items[i];

		if (find_file(tree, i, &link->file, err) < 0)
			return -1;
		items[link->file].count += is_dir ? 2 : 1;
		items[link->file].last = i;
		if (i == 0)
			continue;
		link->parent = find_parent(tree, tree->nodes[i]->path);
		if (is_dir) /* its ".." is a name of the parent */
			items[link->parent].count++;
	}
	for (size_t i = 0; i < tree->n; i++) {
		items[i].count = items[items[i].file].count;
		items[i].last = items[items[i].file].last;
	}
	return 0;
}

int links_find(const struct tree *tree, struct links **out, struct err *err)
{
	auto_of(links) struct links *links = calloc(1, sizeof(*links));

	if (links)
		links->items = calloc(tree->n, sizeof(*links->items));
	if (!links || !links->items)
		return err_sys(err, ENOMEM, "links of the image");
	links->n = tree->n;
	if (connect_nodes(tree, links->items, err) < 0)
		return -1;
	*out = TAKE(links);
	return 0;
}

void links_free(struct links *links)
{
	if (!links)
		return;
	free(links->items);
	free(links);
}
