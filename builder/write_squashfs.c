/*
 * First come the contents, in the tree's order, by libsquashfs's threads; how
 * many these are never depends on the machine.  Then all inodes but those of
 * directories, and then the directories from the leaves up, since an entry
 * tells where its inode lies.
 */
#include "write_squashfs.h"

#include <errno.h>
#include <sqfs/block.h>
#include <sqfs/block_processor.h>
#include <sqfs/block_writer.h>
#include <sqfs/compressor.h>
#include <sqfs/dir_writer.h>
#include <sqfs/error.h>
#include <sqfs/frag_table.h>
#include <sqfs/id_table.h>
#include <sqfs/inode.h>
#include <sqfs/meta_writer.h>
#include <sqfs/super.h>
#include <sqfs/xattr_writer.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "content.h"
#include "device.h"
#include "fdio.h"
#include "filecaps.h"
#include "links.h"
#include "squashfs_file.h"
#include "write_tar.h"

enum {
	BLOCK = 128 * 1024,
	LEVEL = 9, /* as of a .tar.zst */
	WORKERS = 4,
	BACKLOG = 10 * WORKERS, /* blocks on their way */
	DEVICE_BLOCK = 4096,
	PIECE = 1 << 20, /* of a file that is copied */
	NO_XATTR = -1
};

struct entry_list {
	size_t *items; /* indices of nodes, sorted by name */
	size_t n;
};

struct squashfs {
	const struct tree *tree;
	const struct source *source;
	const struct image_options *options;
	struct links *links;
	struct squashfs_file file;
	sqfs_super_t super;
	/* by node; those of hard links are unused */
	sqfs_inode_generic_t **inodes;
	sqfs_u64 *places;
	sqfs_u32 *numbers; /* from 1, without a gap */
	struct entry_list *entries; /* of directories */
	char *piece;
	off_t done;
	sqfs_compressor_t *compress, *decompress;
	sqfs_block_writer_t *blocks;
	sqfs_frag_table_t *fragments;
	sqfs_block_processor_t *contents;
	sqfs_id_table_t *ids;
	sqfs_xattr_writer_t *xattrs;
	sqfs_meta_writer_t *inode_table, *directory_table;
	sqfs_dir_writer_t *directories;
};

/* The library forgets to free blocks that are still on their way. */
static void stop_contents(sqfs_block_processor_t *contents)
{
	if (!contents)
		return;
	sqfs_block_processor_end_file(contents);
	sqfs_block_processor_sync(contents);
	sqfs_destroy(contents);
}

static void squashfs_free(struct squashfs *image)
{
	/* the threads first: they work for what is named after them */
	stop_contents(image->contents);
	sqfs_destroy(image->directories);
	sqfs_destroy(image->directory_table);
	sqfs_destroy(image->inode_table);
	sqfs_destroy(image->xattrs);
	sqfs_destroy(image->ids);
	sqfs_destroy(image->fragments);
	sqfs_destroy(image->blocks);
	sqfs_destroy(image->decompress);
	sqfs_destroy(image->compress);
	for (size_t i = 0; i < image->tree->n; i++) {
		if (image->inodes)
			sqfs_free(image->inodes[i]);
		if (image->entries)
			free(image->entries[i].items);
	}
	free(image->inodes);
	free(image->places);
	free(image->numbers);
	free(image->entries);
	free(image->piece);
	links_free(image->links);
}
DEFINE_AUTO(squashfs)

/* status: of libsquashfs.  Returns 0, or -1 with words. */
static int check(const struct squashfs *image, int status, struct err *err)
{
	const char *name = image->options->output;

	if (image->file.error)
		return err_sys(err, image->file.error, "write %s", name);
	if (status >= 0)
		return 0;
	if (status == SQFS_ERROR_ALLOC)
		return err_sys(err, ENOMEM, "write %s", name);
	if (status == SQFS_ERROR_OVERFLOW)
		return err_set(err, ERR_MANIFEST,
			       "%s: more than a squashfs has room for (65,535 "
			       "owners, a directory of 4 GiB); write a .tar",
			       name);
	return err_set(err, ERR_SYSTEM, "write %s: libsquashfs: error %d", name,
		       -status);
}

static int open_compressor(sqfs_compressor_t **out, bool is_reverse)
{
	sqfs_compressor_config_t config;
	int status = sqfs_compressor_config_init(
		&config, SQFS_COMP_ZSTD, BLOCK,
		is_reverse ? SQFS_COMP_FLAG_UNCOMPRESS : 0);

	config.level = LEVEL;
	return status < 0 ? status : sqfs_compressor_create(&config, out);
}

static int open_contents(struct squashfs *image)
{
	sqfs_block_processor_desc_t wanted = {
		.size = sizeof(wanted),
		.max_block_size = BLOCK,
		.num_workers = WORKERS,
		.max_backlog = BACKLOG,
		.file = &image->file.base,
	};

	image->blocks =
		sqfs_block_writer_create(&image->file.base, DEVICE_BLOCK, 0);
	image->fragments = sqfs_frag_table_create(0);
	if (!image->blocks || !image->fragments)
		return SQFS_ERROR_ALLOC;
	wanted.cmp = image->compress;
	wanted.uncmp = image->decompress;
	wanted.wr = image->blocks;
	wanted.tbl = image->fragments;
	return sqfs_block_processor_create_ex(&wanted, &image->contents);
}

static int open_tables(struct squashfs *image)
{
	sqfs_file_t *file = &image->file.base;

	image->ids = sqfs_id_table_create(0);
	image->xattrs = sqfs_xattr_writer_create(0);
	image->inode_table = sqfs_meta_writer_create(file, image->compress, 0);
	image->directory_table = sqfs_meta_writer_create(
		file, image->compress, SQFS_META_WRITER_KEEP_IN_MEMORY);
	if (!image->ids || !image->xattrs || !image->inode_table ||
	    !image->directory_table)
		return SQFS_ERROR_ALLOC;
	image->directories = sqfs_dir_writer_create(image->directory_table, 0);
	return image->directories ? 0 : SQFS_ERROR_ALLOC;
}

/* The superblock is written again, when all is known. */
static int start_file(struct squashfs *image)
{
	sqfs_file_t *file = &image->file.base;
	int status = sqfs_super_init(&image->super, BLOCK,
				     (sqfs_u32)image->options->mtime,
				     SQFS_COMP_ZSTD);

	if (status == 0)
		status = sqfs_super_write(&image->super, file);
	if (status == 0)
		status = image->compress->write_options(image->compress, file);
	if (status > 0) /* so many bytes of options */
		image->super.flags |= SQFS_FLAG_COMPRESSOR_OPTIONS;
	return status < 0 ? status : 0;
}

static int open_image(struct squashfs *image, struct err *err)
{
	int status = open_compressor(&image->compress, false);

	if (status == 0)
		status = open_compressor(&image->decompress, true);
	if (status == 0)
		status = start_file(image);
	if (status == 0)
		status = open_contents(image);
	if (status == 0)
		status = open_tables(image);
	return check(image, status, err);
}

/* ---- contents ---- */

static void tell_progress(struct squashfs *image, size_t n)
{
	const struct image_options *options = image->options;

	image->done += (off_t)n;
	if (options->progress)
		options->progress(options->context, image->done,
				  image->tree->content_size);
}

static int copy_file(struct squashfs *image, const struct node *node,
		     struct err *err)
{
	auto_close int fd = content_open(node, image->source, err);
	off_t got = 0;

	if (fd < 0)
		return -1;
	while (got < node->size) {
		off_t left = node->size - got;
		size_t want = left < PIECE ? (size_t)left : (size_t)PIECE;
		ssize_t n = fd_read_full(fd, image->piece, want);

		if (n <= 0) {
			got = n < 0 ? n : got;
			break;
		}
		if (check(image,
			  sqfs_block_processor_append(image->contents,
						      image->piece, (size_t)n),
			  err) < 0)
			return -1;
		got += n;
		tell_progress(image, (size_t)n);
	}
	return content_check(node, image->source, fd, got, err);
}

static int put_content(struct squashfs *image, size_t index, struct err *err)
{
	const struct node *node = image->tree->nodes[index];
	int status = sqfs_block_processor_begin_file(
		image->contents, &image->inodes[index], NULL, 0);

	/* nothing at all must not be appended: the library would crash */
	if (status == 0 && node->content == CONTENT_TEXT && node->size)
		status = sqfs_block_processor_append(
			image->contents, node->text, (size_t)node->size);
	if (check(image, status, err) < 0)
		return -1;
	if (node->content != CONTENT_TEXT && node->content != CONTENT_NONE &&
	    copy_file(image, node, err) < 0)
		return -1;
	return check(image, sqfs_block_processor_end_file(image->contents),
		     err);
}

static int put_contents(struct squashfs *image, struct err *err)
{
	for (size_t i = 0; i < image->tree->n; i++)
		if (image->tree->nodes[i]->type == NODE_FILE &&
		    put_content(image, i, err) < 0)
			return -1;
	return check(image, sqfs_block_processor_finish(image->contents), err);
}

/* ---- inodes ---- */

/* What is neither file nor directory. */
static int make_inode(struct squashfs *image, size_t index)
{
	const struct node *node = image->tree->nodes[index];
	size_t len = node->type == NODE_SYMLINK ? strlen(node->target) : 0;
	sqfs_inode_generic_t *inode = calloc(1, sizeof(*inode) + len + 1);

	if (!inode)
		return SQFS_ERROR_ALLOC;
	image->inodes[index] = inode;
	inode->payload_bytes_available = (sqfs_u32)len;
	inode->payload_bytes_used = (sqfs_u32)len;
	switch (node->type) {
	case NODE_SYMLINK:
		inode->base.type = SQFS_INODE_SLINK;
		inode->data.slink.nlink = 1;
		inode->data.slink.target_size = (sqfs_u32)len;
		memcpy(inode->extra, node->target, len);
		break;
	case NODE_CHAR:
		inode->base.type = SQFS_INODE_CDEV;
		inode->data.dev.nlink = 1;
		inode->data.dev.devno = device_encode(node->rdev);
		break;
	default:
		inode->base.type = SQFS_INODE_FIFO;
		inode->data.ipc.nlink = 1;
	}
	return 0;
}

static int set_links(sqfs_inode_generic_t *inode, uint32_t count)
{
	int status = 0;

	if (count > 1)
		status = sqfs_inode_make_extended(inode);
	if (status == 0 && inode->base.type == SQFS_INODE_EXT_FILE)
		inode->data.file_ext.nlink = count;
	return status;
}

static int set_caps(struct squashfs *image, const struct node *node,
		    sqfs_inode_generic_t *inode, struct err *err)
{
	unsigned char value[FILECAPS_SIZE];
	sqfs_u32 xattr;
	int status;

	if (!node->caps)
		return 0;
	if (filecaps_encode(node->caps, value, err) < 0)
		return -1;
	status = sqfs_xattr_writer_begin(image->xattrs, 0);
	if (status == 0)
		status = sqfs_xattr_writer_add(image->xattrs, FILECAPS_NAME,
					       value, sizeof(value));
	if (status == 0)
		status = sqfs_xattr_writer_end(image->xattrs, &xattr);
	if (status == 0)
		status = sqfs_inode_set_xattr_index(inode, xattr);
	return check(image, status, err);
}

static int finish_inode(struct squashfs *image, size_t index, struct err *err)
{
	const struct node *node = image->tree->nodes[index];
	sqfs_inode_generic_t *inode = image->inodes[index];
	sqfs_u64 block;
	sqfs_u32 offset;
	int status;

	inode->base.mode = (sqfs_u16)(node->mode & 07777);
	inode->base.mod_time = (sqfs_u32)image->options->mtime;
	inode->base.inode_number = image->numbers[index];
	status = sqfs_id_table_id_to_index(image->ids, node->uid,
					   &inode->base.uid_idx);
	if (status == 0)
		status = sqfs_id_table_id_to_index(image->ids, node->gid,
						   &inode->base.gid_idx);
	if (check(image, status, err) < 0 ||
	    set_caps(image, node, inode, err) < 0)
		return -1;
	sqfs_meta_writer_get_position(image->inode_table, &block, &offset);
	image->places[index] = block << 16 | offset;
	return check(image,
		     sqfs_meta_writer_write_inode(image->inode_table, inode),
		     err);
}

static void number_inodes(struct squashfs *image)
{
	for (size_t i = 0; i < image->tree->n; i++)
		if (image->links->items[i].file == i)
			image->numbers[i] = ++image->super.inode_count;
}

static int put_inodes(struct squashfs *image, struct err *err)
{
	for (size_t i = 0; i < image->tree->n; i++) {
		enum node_type type = image->tree->nodes[i]->type;
		int status = 0;

		if (type == NODE_DIR || type == NODE_HARDLINK)
			continue;
		if (type == NODE_FILE)
			status = set_links(image->inodes[i],
					   image->links->items[i].count);
		else
			status = make_inode(image, i);
		if (check(image, status, err) < 0 ||
		    finish_inode(image, i, err) < 0)
			return -1;
	}
	return 0;
}

/* ---- directories ---- */

static const sqfs_u16 type_bits[] = {
	[NODE_DIR] = SQFS_INODE_MODE_DIR,
	[NODE_FILE] = SQFS_INODE_MODE_REG,
	[NODE_SYMLINK] = SQFS_INODE_MODE_LNK,
	[NODE_HARDLINK] = SQFS_INODE_MODE_REG,
	[NODE_CHAR] = SQFS_INODE_MODE_CHR,
	[NODE_FIFO] = SQFS_INODE_MODE_FIFO,
};

static int list_entries(struct squashfs *image, struct err *err)
{
	for (size_t i = 1; i < image->tree->n; i++) {
		struct entry_list *list =
			&image->entries[image->links->items[i].parent];
		size_t *item = array_push(list->items, list->n);

		if (!item)
			return err_sys(err, ENOMEM, "directories of the image");
		*item = i;
	}
	return 0;
}

static int put_entries(struct squashfs *image, size_t directory)
{
	const struct entry_list *list = &image->entries[directory];
	int status = sqfs_dir_writer_begin(image->directories, 0);

	for (size_t i = 0; i < list->n && status == 0; i++) {
		const struct node *node = image->tree->nodes[list->items[i]];
		size_t file = image->links->items[list->items[i]].file;

		status = sqfs_dir_writer_add_entry(
			image->directories, strrchr(node->path, '/') + 1,
			image->numbers[file], image->places[file],
			type_bits[node->type]);
	}
	return status < 0 ? status : sqfs_dir_writer_end(image->directories);
}

static int put_directory(struct squashfs *image, size_t index, struct err *err)
{
	const struct link *link = &image->links->items[index];
	sqfs_inode_generic_t *inode;
	/* the root's is one that no inode has, as mksquashfs does it */
	sqfs_u32 parent = index ? image->numbers[link->parent]
				: image->super.inode_count + 1;

	if (check(image, put_entries(image, index), err) < 0)
		return -1;
	inode = sqfs_dir_writer_create_inode(image->directories, 0,
					     (sqfs_u32)NO_XATTR, parent);
	if (!inode)
		return check(image, SQFS_ERROR_ALLOC, err);
	image->inodes[index] = inode;
	/* the library's own count is of all entries */
	if (inode->base.type == SQFS_INODE_EXT_DIR)
		inode->data.dir_ext.nlink = link->count;
	else
		inode->data.dir.nlink = link->count;
	return finish_inode(image, index, err);
}

static int put_directories(struct squashfs *image, struct err *err)
{
	if (list_entries(image, err) < 0)
		return -1;
	for (size_t i = image->tree->n; i-- > 0;)
		if (image->tree->nodes[i]->type == NODE_DIR &&
		    put_directory(image, i, err) < 0)
			return -1;
	image->super.root_inode_ref = image->places[0];
	return 0;
}

/* ---- the whole ---- */

static int put_tables(struct squashfs *image)
{
	sqfs_file_t *file = &image->file.base;
	sqfs_super_t *super = &image->super;
	int status = sqfs_meta_writer_flush(image->inode_table);

	if (status == 0)
		status = sqfs_meta_writer_flush(image->directory_table);
	super->directory_table_start = file->get_size(file);
	if (status == 0)
		status = sqfs_meta_write_write_to_file(image->directory_table);
	if (status == 0)
		status = sqfs_frag_table_write(image->fragments, file, super,
					       image->compress);
	if (status == 0)
		status = sqfs_id_table_write(image->ids, file, super,
					     image->compress);
	if (status == 0)
		status = sqfs_xattr_writer_flush(image->xattrs, file, super,
						 image->compress);
	return status;
}

/* A loop device shows whole blocks only. */
static int end_file(struct squashfs *image)
{
	sqfs_file_t *file = &image->file.base;
	sqfs_u64 size = file->get_size(file);
	sqfs_u64 over = size % DEVICE_BLOCK;
	int status;

	image->super.bytes_used = size;
	status = sqfs_super_write(&image->super, file);
	if (status == 0 && over)
		status = file->truncate(file, size + DEVICE_BLOCK - over);
	return status;
}

static int allocate(struct squashfs *image, struct err *err)
{
	size_t n = image->tree->n;

	image->inodes = calloc(n, sizeof(*image->inodes));
	image->places = calloc(n, sizeof(*image->places));
	image->numbers = calloc(n, sizeof(*image->numbers));
	image->entries = calloc(n, sizeof(*image->entries));
	image->piece = malloc(PIECE);
	if (!image->inodes || !image->places || !image->numbers ||
	    !image->entries || !image->piece)
		return err_sys(err, ENOMEM, "write %s", image->options->output);
	return 0;
}

static int check_tree(const struct squashfs *image, struct err *err)
{
	if (image->options->mtime > UINT32_MAX)
		return err_set(err, ERR_USAGE,
			       "squashfs has no room for times after 2106");
	return 0;
}

static int put_image(struct squashfs *image, struct err *err)
{
	sqfs_file_t *file = &image->file.base;

	if (open_image(image, err) < 0 || put_contents(image, err) < 0)
		return -1;
	image->super.inode_table_start = file->get_size(file);
	number_inodes(image);
	if (put_inodes(image, err) < 0 || put_directories(image, err) < 0 ||
	    check(image, put_tables(image), err) < 0)
		return -1;
	return check(image, end_file(image), err);
}

int write_squashfs(const struct tree *tree, const struct source *source,
		   const struct image_options *options, const char *filter,
		   int fd, struct err *err)
{
	struct squashfs state = {
		.tree = tree, .source = source, .options = options};
	auto_of(squashfs) struct squashfs *image = &state;

	(void)filter;
	squashfs_file_init(&image->file, fd);
	if (check_tree(image, err) < 0 ||
	    links_find(tree, &image->links, err) < 0 ||
	    allocate(image, err) < 0 || put_image(image, err) < 0)
		return -1;
	return write_tar_identity(tree, source, options, err);
}
