/*
 * How the metadata is laid out.  A "place" is (segment, offset in it); files
 * offsets are known only when the tar writer has placed the segments.  First
 * come all inodes, each with its short data (the tail of a directory, a link's
 * target) behind it in the same block; then whole blocks: the rest of the
 * directories, and long link targets.  What belongs together (an inode and its
 * tail; the blocks of one directory) lies in one segment.
 */
#include "erofs_parts.h"

#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"

const struct erofs_kind erofs_kinds[] = {
	[NODE_DIR] = {S_IFDIR, EROFS_FT_DIR},
	[NODE_FILE] = {S_IFREG, EROFS_FT_REG},
	[NODE_SYMLINK] = {S_IFLNK, EROFS_FT_SYMLINK},
	[NODE_HARDLINK] = {S_IFREG, EROFS_FT_REG},
	[NODE_CHAR] = {S_IFCHR, EROFS_FT_CHR},
	[NODE_FIFO] = {S_IFIFO, EROFS_FT_FIFO},
};

static size_t round_up(size_t value, size_t unit)
{
	return (value + unit - 1) / unit * unit;
}

static int add_child(struct inode *directory, size_t node)
{
	size_t *child = array_push(directory->children, directory->n_children);

	if (!child)
		return -1;
	*child = node;
	return 0;
}

static bool needs_extended(const struct inode *inode)
{
	const struct node *node = inode->node;

	return node->uid > UINT16_MAX || node->gid > UINT16_MAX ||
	       inode->nlink > UINT16_MAX ||
	       (node->type == NODE_FILE && node->size > UINT32_MAX);
}

/* Which inode each node is of, and what each directory holds. */
static int connect_inodes(struct erofs *erofs)
{
	for (size_t i = 0; i < erofs->n; i++) {
		const struct link *link = &erofs->links->items[i];
		struct inode *inode = &erofs->inodes[i];

		inode->node = erofs->tree->nodes[i];
		inode->parent = link->parent;
		inode->nlink = link->count;
		inode->head = needs_extended(inode)
				      ? sizeof(struct erofs_inode_extended)
				      : sizeof(struct erofs_inode_compact);
		if (link->file == i)
			erofs->n_used++;
		if (i > 0 && add_child(&erofs->inodes[link->parent], i) < 0)
			return -1;
	}
	return 0;
}

/* ---- what directories hold ---- */

/* An entry of a directory as the kernel wants it: "." and ".." among them. */
struct name {
	const char *text;
	size_t len;
	size_t inode;
	enum erofs_file_type type;
};

static int compare_names(const void *a, const void *b)
{
	return strcmp(((const struct name *)a)->text,
		      ((const struct name *)b)->text);
}

static struct name *list_names(const struct erofs *erofs, size_t directory)
{
	const struct inode *inode = &erofs->inodes[directory];
	struct name *names = calloc(inode->n_children + 2, sizeof(*names));

	if (!names)
		return NULL;
	names[0] = (struct name){".", 1, directory, EROFS_FT_DIR};
	names[1] = (struct name){"..", 2, inode->parent, EROFS_FT_DIR};
	for (size_t i = 0; i < inode->n_children; i++) {
		const struct node *node =
			erofs->tree->nodes[inode->children[i]];
		const char *text = strrchr(node->path, '/') + 1;

		names[i + 2] = (struct name){
			text, strlen(text),
			erofs->links->items[inode->children[i]].file,
			erofs_kinds[node->type].type};
	}
	qsort(names, inode->n_children + 2, sizeof(*names), compare_names);
	return names;
}

/* How many names from the first on fit in one block. */
static size_t names_of_block(const struct name *names, size_t n, size_t *bytes)
{
	size_t fits = 0, used = 0;

	while (fits < n) {
		size_t more = sizeof(struct erofs_dirent) + names[fits].len;

		if (used + more > EROFS_BLOCK)
			break;
		used += more;
		fits++;
	}
	*bytes = used;
	return fits;
}

/* nid: the inode's index, which resolve_nids() later makes a nid. */
static void write_block(char *block, const struct name *names, size_t n)
{
	size_t at = n * sizeof(struct erofs_dirent);

	for (size_t i = 0; i < n; i++) {
		struct erofs_dirent entry = {
			.nid = names[i].inode,
			.name_offset = htole16((uint16_t)at),
			.file_type = (uint8_t)names[i].type,
		};

		memcpy(block + i * sizeof(entry), &entry, sizeof(entry));
		memcpy(block + at, names[i].text, names[i].len);
		at += names[i].len;
	}
}

static int fill_directory(struct erofs *erofs, size_t index)
{
	struct inode *inode = &erofs->inodes[index];
	size_t left = inode->n_children + 2;
	auto_free struct name *names = list_names(erofs, index);
	const struct name *at = names;

	if (!names)
		return -1;
	while (left > 0) {
		size_t bytes, n = names_of_block(at, left, &bytes);
		size_t start = round_up(inode->data_len, EROFS_BLOCK);
		char *grown = realloc(inode->data, start + EROFS_BLOCK);

		if (!grown)
			return -1;
		inode->data = grown;
		memset(grown + start, 0, EROFS_BLOCK);
		write_block(grown + start, at, n);
		inode->data_len = start + bytes;
		at += n;
		left -= n;
	}
	return 0;
}

static int fill_link(struct inode *inode)
{
	inode->data = strdup(inode->node->target);
	inode->data_len = inode->data ? strlen(inode->data) : 0;
	return inode->data ? 0 : -1;
}

static int fill_data(struct erofs *erofs, struct err *err)
{
	for (size_t i = 0; i < erofs->n; i++) {
		struct inode *inode = &erofs->inodes[i];
		int failed = 0;

		if (inode->node->type == NODE_DIR)
			failed = fill_directory(erofs, i);
		else if (inode->node->type == NODE_SYMLINK)
			failed = fill_link(inode);
		if (failed)
			return err_sys(err, ENOMEM, "index of the image");
		if (inode->data_len > EROFS_SEGMENT_MAX)
			return err_set(err, ERR_MANIFEST,
				       "%s: too many entries for a mountable "
				       "image (--no-index writes a plain tar)",
				       inode->node->path);
	}
	return 0;
}

/* ---- places ---- */

static struct segment *last_segment(struct erofs *erofs)
{
	return &erofs->segments[erofs->n_segments - 1];
}

/* len bytes, aligned to unit, in the last segment or a new one. */
static int take_place(struct erofs *erofs, size_t len, size_t unit,
		      struct place *out)
{
	struct segment *segment = last_segment(erofs);
	size_t at = round_up(segment->len, unit);

	if (at + len > EROFS_SEGMENT_MAX) {
		segment = array_push(erofs->segments, erofs->n_segments);
		if (!segment)
			return -1;
		at = 0;
	}
	segment->len = at + len;
	*out = (struct place){erofs->n_segments - 1, at};
	return 0;
}

/*
 * Where an inode goes, and whether the last part of its data goes with it: the
 * kernel wants that part whole in the inode's own block.  The root has its
 * place before all others and takes what room is there.
 */
static int place_inode(struct erofs *erofs, struct inode *inode, bool is_root)
{
	size_t tail = inode->data_len % EROFS_BLOCK;
	size_t room = EROFS_BLOCK;
	size_t at = round_up(last_segment(erofs)->len, EROFS_SLOT);

	if (is_root)
		room -= at % EROFS_BLOCK;
	if (inode->head + tail > room)
		tail = 0;
	inode->in_blocks = inode->data_len - tail;
	if (at % EROFS_BLOCK + inode->head + tail > EROFS_BLOCK)
		return take_place(erofs, inode->head + tail, EROFS_BLOCK,
				  &inode->place);
	return take_place(erofs, inode->head + tail, EROFS_SLOT, &inode->place);
}

static int place_all(struct erofs *erofs)
{
	if (!array_push(erofs->segments, erofs->n_segments))
		return -1;
	erofs->segments[0].len = sizeof(struct erofs_super);
	for (size_t i = 0; i < erofs->n; i++) {
		struct inode *inode = &erofs->inodes[i];

		if (inode->node->type != NODE_HARDLINK &&
		    place_inode(erofs, inode, i == 0) < 0)
			return -1;
	}
	for (size_t i = 0; i < erofs->n; i++) {
		struct inode *inode = &erofs->inodes[i];

		if (inode->in_blocks &&
		    take_place(erofs, round_up(inode->in_blocks, EROFS_BLOCK),
			       EROFS_BLOCK, &inode->blocks) < 0)
			return -1;
	}
	if (erofs->segments[0].len < EROFS_BLOCK) /* the checksum's reach */
		erofs->segments[0].len = EROFS_BLOCK;
	return 0;
}

int erofs_new(const struct tree *tree, long long mtime, struct erofs **out,
	      struct err *err)
{
	auto_of(erofs) struct erofs *erofs = calloc(1, sizeof(*erofs));

	if (!erofs)
		return err_sys(err, ENOMEM, "index of the image");
	erofs->tree = tree;
	erofs->mtime = mtime;
	erofs->n = tree->n;
	erofs->inodes = calloc(tree->n, sizeof(*erofs->inodes));
	if (links_find(tree, &erofs->links, err) < 0)
		return -1;
	if (!erofs->inodes || connect_inodes(erofs) < 0)
		return err_sys(err, ENOMEM, "index of the image");
	if (fill_data(erofs, err) < 0)
		return -1;
	if (place_all(erofs) < 0)
		return err_sys(err, ENOMEM, "index of the image");
	*out = TAKE(erofs);
	return 0;
}

void erofs_free(struct erofs *erofs)
{
	if (!erofs)
		return;
	for (size_t i = 0; erofs->inodes && i < erofs->n; i++) {
		free(erofs->inodes[i].children);
		free(erofs->inodes[i].data);
	}
	for (size_t i = 0; i < erofs->n_segments; i++)
		free(erofs->segments[i].bytes);
	links_free(erofs->links);
	free(erofs->inodes);
	free(erofs->segments);
	free(erofs);
}

size_t erofs_n_segments(const struct erofs *erofs)
{
	return erofs->n_segments;
}

size_t erofs_segment_len(const struct erofs *erofs, size_t segment)
{
	return erofs->segments[segment].len;
}

void erofs_place_segment(struct erofs *erofs, size_t segment, uint64_t offset)
{
	assert(offset % EROFS_BLOCK == 0);
	assert(segment != 0 || offset == EROFS_SUPER_OFFSET);
	erofs->segments[segment].offset = offset;
}

void erofs_place_content(struct erofs *erofs, size_t node, uint64_t offset)
{
	assert(offset % EROFS_BLOCK == 0);
	erofs->inodes[node].content = offset;
}
