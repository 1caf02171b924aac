/*
 * How the metadata is laid out.  A "place" is (segment, offset in it); files
 * offsets are known only when the tar writer has placed the segments.  First
 * come all inodes, each with its short data (the tail of a directory, a link's
 * target) behind it in the same block; then whole blocks: the rest of the
 * directories, and long link targets.  What belongs together (an inode and its
 * tail; the blocks of one directory) lies in one segment.
 */
#include "erofs.h"

#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include <openssl/evp.h>

#include "array.h"
#include "erofs_format.h"

struct place {
	size_t segment;
	size_t offset;
};

struct inode {
	const struct node *node;
	size_t parent; /* index of the directory's inode */
	size_t *children; /* of a directory: indices of nodes, sorted by name */
	size_t n_children;
	uint32_t nlink;
	size_t head; /* 32 or 64 bytes of inode */
	char *data; /* of a directory or link: what it holds */
	size_t data_len;
	size_t in_blocks; /* how much of data lies in blocks, the rest inline */
	struct place place, blocks;
	uint64_t content; /* file: offset of its content */
};

struct segment {
	size_t len;
	uint64_t offset;
	unsigned char *bytes;
};

struct erofs {
	const struct tree *tree;
	long long mtime;
	struct inode *inodes; /* one a node; that of a hard link is unused */
	size_t n;
	size_t n_used;
	struct segment *segments;
	size_t n_segments;
};

static const uint8_t volume_name[16] = "jailwright";

static const struct {
	mode_t mode;
	enum erofs_file_type type;
} kinds[] = {
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

/* ---- who is where in the tree ---- */

static int compare_path(const char *path, size_t len, const char *other)
{
	int order = strncmp(path, other, len);

	return order ? order : (other[len] ? -1 : 0);
}

/* The node whose path is the first len bytes of path; it is there. */
static size_t find_node(const struct tree *tree, const char *path, size_t len)
{
	size_t low = 0, high = tree->n;

	while (low + 1 < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_path(path, len, tree->nodes[middle]->path) < 0)
			high = middle;
		else
			low = middle;
	}
	return low;
}

static size_t find_parent(const struct tree *tree, const char *path)
{
	size_t len = (size_t)(strrchr(path, '/') - path);

	return find_node(tree, path, len ? len : 1);
}

static size_t inode_of(const struct erofs *erofs, size_t node)
{
	const struct node *at = erofs->tree->nodes[node];

	if (at->type != NODE_HARDLINK)
		return node;
	return find_node(erofs->tree, at->target, strlen(at->target));
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

/* Parents, children and link counts. */
static int connect_inodes(struct erofs *erofs)
{
	for (size_t i = 0; i < erofs->n; i++) {
		struct inode *inode = &erofs->inodes[i];

		inode->node = erofs->tree->nodes[i];
		inode->nlink += inode->node->type == NODE_DIR ? 2 : 1;
		if (i == 0)
			continue;
		inode->parent = find_parent(erofs->tree, inode->node->path);
		if (inode->node->type == NODE_DIR)
			erofs->inodes[inode->parent].nlink++;
		if (inode->node->type == NODE_HARDLINK)
			erofs->inodes[inode_of(erofs, i)].nlink++;
		if (add_child(&erofs->inodes[inode->parent], i) < 0)
			return -1;
	}
	for (size_t i = 0; i < erofs->n; i++) {
		erofs->inodes[i].head =
			needs_extended(&erofs->inodes[i])
				? sizeof(struct erofs_inode_extended)
				: sizeof(struct erofs_inode_compact);
		if (erofs->inodes[i].node->type != NODE_HARDLINK)
			erofs->n_used++;
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
			text, strlen(text), inode_of(erofs, inode->children[i]),
			kinds[node->type].type};
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

/* nid is a directory's or file's; filled with the inode's index for now. */
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

/* ---- bytes ---- */

static uint64_t place_offset(const struct erofs *erofs, struct place place)
{
	return erofs->segments[place.segment].offset + place.offset;
}

static unsigned char *place_bytes(const struct erofs *erofs, struct place place)
{
	return erofs->segments[place.segment].bytes + place.offset;
}

/* A device number as the kernel's new_encode_dev() writes it. */
static uint32_t encode_device(dev_t device)
{
	uint32_t low = minor(device) & 0xff, high = minor(device) & ~0xffu;

	return low | (major(device) << 8) | (high << 12);
}

/* 0: no data, or none in blocks. */
static uint32_t address_of(const struct erofs *erofs, const struct inode *inode)
{
	switch (inode->node->type) {
	case NODE_CHAR:
		return encode_device(inode->node->rdev);
	case NODE_FILE:
		return (uint32_t)(inode->content / EROFS_BLOCK);
	default:
		if (inode->in_blocks == 0)
			return 0;
		return (uint32_t)(place_offset(erofs, inode->blocks) /
				  EROFS_BLOCK);
	}
}

static uint64_t size_of(const struct inode *inode)
{
	if (inode->node->type == NODE_FILE)
		return (uint64_t)inode->node->size;
	return inode->data_len;
}

static void render_inode(const struct erofs *erofs, size_t index)
{
	const struct inode *inode = &erofs->inodes[index];
	const struct node *node = inode->node;
	unsigned char *at = place_bytes(erofs, inode->place);
	bool is_extended = inode->head == sizeof(struct erofs_inode_extended);
	unsigned format = inode->data_len > inode->in_blocks ? EROFS_FLAT_INLINE
							     : EROFS_FLAT_PLAIN;
	mode_t mode = node->mode | kinds[node->type].mode;

	if (is_extended) {
		struct erofs_inode_extended disk = {
			.format = htole16((uint16_t)(format | EROFS_EXTENDED)),
			.mode = htole16((uint16_t)mode),
			.size = htole64(size_of(inode)),
			.address = htole32(address_of(erofs, inode)),
			.ino = htole32((uint32_t)index + 1),
			.uid = htole32(node->uid),
			.gid = htole32(node->gid),
			.mtime = htole64((uint64_t)erofs->mtime),
			.nlink = htole32(inode->nlink),
		};
		memcpy(at, &disk, sizeof(disk));
	} else {
		struct erofs_inode_compact disk = {
			.format = htole16((uint16_t)format),
			.mode = htole16((uint16_t)mode),
			.nlink = htole16((uint16_t)inode->nlink),
			.size = htole32((uint32_t)size_of(inode)),
			.address = htole32(address_of(erofs, inode)),
			.ino = htole32((uint32_t)index + 1),
			.uid = htole16((uint16_t)node->uid),
			.gid = htole16((uint16_t)node->gid),
		};
		memcpy(at, &disk, sizeof(disk));
	}
	if (inode->data_len == 0)
		return;
	memcpy(at + inode->head, inode->data + inode->in_blocks,
	       inode->data_len - inode->in_blocks);
	if (inode->in_blocks)
		memcpy(place_bytes(erofs, inode->blocks), inode->data,
		       inode->in_blocks);
}

/* Directory entries hold the indices of inodes so far: make them nids. */
static void resolve_nids(const struct erofs *erofs, struct inode *inode)
{
	for (size_t start = 0; start < inode->data_len; start += EROFS_BLOCK) {
		char *block = inode->data + start;
		struct erofs_dirent entry;
		size_t n;

		memcpy(&entry, block, sizeof(entry));
		n = le16toh(entry.name_offset) / sizeof(entry);
		for (size_t i = 0; i < n; i++) {
			char *at = block + i * sizeof(entry);
			struct place place;

			memcpy(&entry, at, sizeof(entry));
			place = erofs->inodes[entry.nid].place;
			entry.nid = htole64(place_offset(erofs, place) /
					    EROFS_SLOT);
			memcpy(at, &entry, sizeof(entry));
		}
	}
}

/* The uuid is a digest of the metadata (without the superblock). */
static int digest_segments(const struct erofs *erofs, uint8_t uuid[16])
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	unsigned char digest[EVP_MAX_MD_SIZE];
	int good =
		context && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1;

	for (size_t i = 0; good && i < erofs->n_segments; i++)
		good = EVP_DigestUpdate(context, erofs->segments[i].bytes,
					erofs->segments[i].len) == 1;
	good = good && EVP_DigestFinal_ex(context, digest, NULL) == 1;
	EVP_MD_CTX_free(context);
	if (!good)
		return -1;
	memcpy(uuid, digest, 16);
	uuid[6] = (uint8_t)((uuid[6] & 0x0f) | 0x80); /* version 8: custom */
	uuid[8] = (uint8_t)((uuid[8] & 0x3f) | 0x80);
	return 0;
}

static int render_super(const struct erofs *erofs, uint64_t size)
{
	struct erofs_super super = {
		.magic = htole32(EROFS_MAGIC),
		.feature_compat =
			htole32(EROFS_COMPAT_CHECKSUM | EROFS_COMPAT_MTIME),
		.block_bits = EROFS_BLOCK_BITS,
		.root_nid = htole16(EROFS_ROOT_NID),
		.inodes = htole64(erofs->n_used),
		.epoch = htole64((uint64_t)erofs->mtime),
		.blocks = htole32((uint32_t)(size / EROFS_BLOCK)),
	};
	unsigned char *block = erofs->segments[0].bytes;

	memcpy(super.volume, volume_name, sizeof(super.volume));
	if (digest_segments(erofs, super.uuid) < 0)
		return -1;
	memcpy(block, &super, sizeof(super));
	super.checksum = htole32(erofs_checksum(block));
	memcpy(block, &super, sizeof(super));
	return 0;
}

int erofs_render(struct erofs *erofs, uint64_t size, struct err *err)
{
	if (size / EROFS_BLOCK > UINT32_MAX)
		return err_set(err, ERR_MANIFEST,
			       "an image of %llu bytes cannot be mounted; "
			       "--no-index writes a plain tar",
			       (unsigned long long)size);
	for (size_t i = 0; i < erofs->n_segments; i++) {
		free(erofs->segments[i].bytes);
		erofs->segments[i].bytes = calloc(1, erofs->segments[i].len);
		if (!erofs->segments[i].bytes)
			return err_sys(err, ENOMEM, "index of the image");
	}
	for (size_t i = 0; i < erofs->n; i++)
		if (erofs->inodes[i].node->type == NODE_DIR)
			resolve_nids(erofs, &erofs->inodes[i]);
	for (size_t i = 0; i < erofs->n; i++)
		if (erofs->inodes[i].node->type != NODE_HARDLINK)
			render_inode(erofs, i);
	if (render_super(erofs, size) < 0)
		return err_sys(err, ENOMEM, "digest of the index");
	return 0;
}

const void *erofs_segment(const struct erofs *erofs, size_t segment)
{
	return erofs->segments[segment].bytes;
}
