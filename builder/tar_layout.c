#include "tar_layout.h"

#include <errno.h>
#include <string.h>

#include "tar_header.h"

/* Two blocks of zeros end an archive; what is to be mounted has whole pages. */
enum { END_BLOCKS = 2, ALIGN = 4096 };

static off_t round_up(off_t size, off_t align)
{
	return (size + align - 1) / align * align;
}

/* A slash sorts before every other byte, the end of the path before that. */
static int compare_walk(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	if (*a == *b)
		return 0;
	if (*a == '/' || *b == '/')
		return *a == '/' ? (*b ? -1 : 1) : (*a ? 1 : -1);
	return (unsigned char)*a < (unsigned char)*b ? -1 : 1;
}

static int compare_members(const void *a, const void *b)
{
	const struct tar_member *one = a, *other = b;

	return compare_walk(one->node->path, other->node->path);
}

static int compare_path(const void *path, const void *item)
{
	const struct node *const *node = item;

	return strcmp(path, (*node)->path);
}

/* Where in the tree the file of a hard link is. */
static int find_file(const struct tree *tree, const struct node *node,
		     size_t *index, struct err *err)
{
	struct node **found = bsearch(node->target, tree->nodes, tree->n,
				      sizeof(*tree->nodes), compare_path);

	if (!found || (*found)->type != NODE_FILE)
		return err_set(err, ERR_MANIFEST,
			       "%s: hard link to %s, which is no file of the "
			       "image",
			       node->path, node->target);
	*index = (size_t)(found - tree->nodes);
	return 0;
}

/*
 * firsts: by index of a file in the tree, the first member that has a name of
 * it.  That one becomes the file, all others become links to it.
 */
static int settle_link(const struct tree *tree, struct tar_member *member,
		       const struct node **firsts, struct err *err)
{
	size_t index;

	if (member->type == NODE_HARDLINK) {
		if (find_file(tree, member->node, &index, err) < 0)
			return -1;
	} else {
		/* the file itself is behind one of its links, if it has any */
		struct node **found =
			bsearch(member->node->path, tree->nodes, tree->n,
				sizeof(*tree->nodes), compare_path);

		index = (size_t)(found - tree->nodes);
	}
	member->file = tree->nodes[index];
	if (!firsts[index]) {
		firsts[index] = member->node;
		member->type = NODE_FILE;
		return 0;
	}
	member->type = NODE_HARDLINK;
	member->target = firsts[index]->path;
	return 0;
}

static int settle_links(const struct tree *tree, struct tar_layout *layout,
			struct err *err)
{
	auto_free const struct node **firsts = calloc(tree->n, sizeof(*firsts));

	if (!firsts)
		return err_sys(err, ENOMEM, "lay out the archive");
	for (size_t i = 0; i < layout->n; i++) {
		struct tar_member *member = &layout->members[i];

		if ((member->type == NODE_FILE ||
		     member->type == NODE_HARDLINK) &&
		    settle_link(tree, member, firsts, err) < 0)
			return -1;
	}
	return 0;
}

static int place_members(struct tar_layout *layout, struct err *err)
{
	off_t at = 0;

	for (size_t i = 0; i < layout->n; i++) {
		struct tar_member *member = &layout->members[i];
		off_t size = tar_header_size(member);

		if (size < 0)
			return err_sys(err, ENOMEM, "%s", member->node->path);
		if ((size_t)size > layout->header_max)
			layout->header_max = (size_t)size;
		member->header = at;
		member->content = at + size;
		at = member->content;
		if (member->type == NODE_FILE)
			at += round_up(member->file->size, TAR_BLOCK);
	}
	layout->size = round_up(at + END_BLOCKS * TAR_BLOCK, ALIGN);
	return 0;
}

int tar_layout_make(const struct tree *tree, struct tar_layout **out,
		    struct err *err)
{
	auto_of(tar_layout) struct tar_layout *layout =
		calloc(1, sizeof(*layout));

	if (layout)
		layout->members = calloc(tree->n, sizeof(*layout->members));
	if (!layout || !layout->members)
		return err_sys(err, ENOMEM, "lay out the archive");
	layout->n = tree->n;
	for (size_t i = 0; i < tree->n; i++) {
		const struct node *node = tree->nodes[i];

		layout->members[i] = (struct tar_member){
			.node = node,
			.file = node,
			.type = node->type,
			.target = node->type == NODE_SYMLINK ? node->target
							     : NULL,
		};
	}
	qsort(layout->members, layout->n, sizeof(*layout->members),
	      compare_members);
	if (settle_links(tree, layout, err) < 0 ||
	    place_members(layout, err) < 0)
		return -1;
	*out = TAKE(layout);
	return 0;
}

void tar_layout_free(struct tar_layout *layout)
{
	if (!layout)
		return;
	free(layout->members);
	free(layout);
}
