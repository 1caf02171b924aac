#include "hardlinks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int compare_path(const void *path, const void *item)
{
	const struct node *const *node = item;

	return strcmp(path, (*node)->path);
}

/* The file that a hard link names, as an index; tree->n: there is none. */
static size_t file_of(const struct tree *tree, const struct node *link)
{
	struct node **found = bsearch(link->target, tree->nodes, tree->n,
				      sizeof(struct node *), compare_path);

	return found && (*found)->type == NODE_FILE
		       ? (size_t)(found - tree->nodes)
		       : tree->n;
}

/* The content moves to another name of the same file. */
static void swap_names(struct node *file, struct node *link)
{
	link->type = NODE_FILE;
	link->size = file->size;
	link->content = file->content;
	link->part = file->part;
	link->from = TAKE(file->from);
	link->text = TAKE(file->text);
	link->caps = TAKE(file->caps);
	free(link->target);
	link->target = NULL;
	file->type = NODE_HARDLINK;
	file->size = 0;
	file->content = CONTENT_NONE;
}

/* firsts: for each file the index of the bytewise first of its names. */
static int find_firsts(struct tree *tree, struct flaws *flaws, size_t *firsts)
{
	for (size_t i = 0; i < tree->n; i++)
		firsts[i] = i;
	for (size_t i = 0; i < tree->n; i++) {
		size_t file;

		if (tree->nodes[i]->type != NODE_HARDLINK)
			continue;
		file = file_of(tree, tree->nodes[i]);
		if (file == tree->n) {
			if (flaws_add(flaws, tree->nodes[i]->path,
				      "a hard link to no file") < 0)
				return -1;
		} else if (i < firsts[file]) {
			firsts[file] = i;
		}
	}
	return 0;
}

/* Links to files whose content moves lead to its new place. */
static int turn_links(struct tree *tree, const size_t *firsts)
{
	for (size_t i = 0; i < tree->n; i++) {
		struct node *node = tree->nodes[i];
		size_t file = node->type == NODE_HARDLINK ? file_of(tree, node)
							  : tree->n;

		if (file == tree->n || firsts[file] == file)
			continue;
		free(node->target);
		node->target = strdup(tree->nodes[firsts[file]]->path);
		if (!node->target)
			return -1;
	}
	return 0;
}

static int move_contents(struct tree *tree, const size_t *firsts)
{
	for (size_t i = 0; i < tree->n; i++) {
		struct node *first = tree->nodes[firsts[i]];

		if (firsts[i] == i)
			continue;
		swap_names(tree->nodes[i], first);
		tree->nodes[i]->target = strdup(first->path);
		if (!tree->nodes[i]->target)
			return -1;
	}
	return 0;
}

int hardlinks_settle(struct tree *tree, struct flaws *flaws, struct err *err)
{
	auto_free size_t *firsts = calloc(tree->n, sizeof(*firsts));

	if (!firsts || find_firsts(tree, flaws, firsts) < 0 ||
	    turn_links(tree, firsts) < 0 || move_contents(tree, firsts) < 0)
		return err_sys(err, ENOMEM, "settle hard links");
	return 0;
}
