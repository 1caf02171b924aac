#include "tar_layout.h"

#include <errno.h>
#include <string.h>

#include "erofs.h"
#include "tar_header.h"

/* Two blocks of zeros end an archive; what is to be mounted has whole pages. */
enum { END_SIZE = 2 * TAR_BLOCK, ALIGN = 4096 };

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

/* tree->n when there is no such node. */
static size_t index_of(const struct tree *tree, const char *path)
{
	struct node **found = bsearch(path, tree->nodes, tree->n,
				      sizeof(struct node *), compare_path);

	return found ? (size_t)(found - tree->nodes) : tree->n;
}

/* Where in the tree the file of a hard link is. */
static int find_file(const struct tree *tree, const struct node *node,
		     size_t *index, struct err *err)
{
	*index = index_of(tree, node->target);
	if (*index == tree->n || tree->nodes[*index]->type != NODE_FILE)
		return err_set(err, ERR_MANIFEST,
			       "%s: hard link to %s, which is no file of the "
			       "image",
			       node->path, node->target);
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
		index = index_of(tree, member->node->path);
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
	auto_free const struct node **firsts =
		calloc(tree->n, sizeof(struct node *));

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

/* The first members carry the index, a segment each. */
static void hand_out_segments(struct tar_layout *layout)
{
	for (size_t i = 0; i < erofs_n_segments(layout->index); i++)
		layout->members[i].segment_len =
			erofs_segment_len(layout->index, i);
}

/* Tells the index where everything came to lie, and takes its bytes. */
static int fill_index(const struct tree *tree, struct tar_layout *layout,
		      struct err *err)
{
	struct erofs *index = layout->index;

	for (size_t i = 0; i < layout->n; i++) {
		const struct tar_member *member = &layout->members[i];

		if (member->segment_len)
			erofs_place_segment(index, i,
					    (uint64_t)member->header +
						    TAR_SEGMENT_OFFSET);
		if (member->type == NODE_FILE)
			erofs_place_content(index,
					    index_of(tree, member->file->path),
					    (uint64_t)member->content);
	}
	if (erofs_render(index, (uint64_t)layout->size, err) < 0)
		return -1;
	for (size_t i = 0; i < erofs_n_segments(index); i++)
		layout->members[i].segment = erofs_segment(index, i);
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
	layout->size = round_up(at + END_SIZE, ALIGN);
	return 0;
}

static int make_index(const struct tree *tree, const struct tar_kind *kind,
		      struct tar_layout *layout, struct err *err)
{
	if (!kind->is_mountable)
		return 0;
	if (erofs_new(tree, kind->mtime, &layout->index, err) < 0)
		return -1;
	hand_out_segments(layout);
	return 0;
}

int tar_layout_make(const struct tree *tree, const struct tar_kind *kind,
		    struct tar_layout **out, struct err *err)
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
	    make_index(tree, kind, layout, err) < 0 ||
	    place_members(layout, err) < 0)
		return -1;
	if (layout->index && fill_index(tree, layout, err) < 0)
		return -1;
	*out = TAKE(layout);
	return 0;
}

void tar_layout_free(struct tar_layout *layout)
{
	if (!layout)
		return;
	erofs_free(layout->index);
	free(layout->members);
	free(layout);
}
