#include "image_source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fdio.h"

struct image {
	const struct tree *tree;
	const struct source *source;
};

static const struct node *find(const struct image *image, const char *path)
{
	const struct node *node = tree_find(image->tree, path);

	if (node && node->type == NODE_HARDLINK)
		node = tree_find(image->tree, node->target);
	return node;
}

static mode_t type_bits(enum node_type type)
{
	static const mode_t bits[] = {
		[NODE_DIR] = S_IFDIR,	  [NODE_FILE] = S_IFREG,
		[NODE_SYMLINK] = S_IFLNK, [NODE_HARDLINK] = S_IFREG,
		[NODE_CHAR] = S_IFCHR,	  [NODE_FIFO] = S_IFIFO,
	};

	return bits[type];
}

static void describe(const struct node *node, struct stat *st)
{
	*st = (struct stat){
		.st_mode = type_bits(node->type) | node->mode,
		.st_size = node->size,
		.st_nlink = 1,
		.st_dev = node->identity.dev,
		.st_ino = node->identity.ino,
		.st_mtim = node->identity.mtime,
		.st_ctim = node->identity.ctime,
	};
	/* What we made has no number of its own; a node's place is one. */
	if (st->st_ino == 0) {
		st->st_dev = 0;
		st->st_ino = (ino_t)(uintptr_t)node;
	}
}

static int look(void *context, const char *path, struct stat *st, char **target)
{
	const struct node *node = find(context, path);

	if (!node)
		return -ENOENT;
	describe(node, st);
	if (node->type != NODE_SYMLINK)
		return 0;
	*target = strdup(node->target);
	return *target ? 0 : -ENOMEM;
}

static int open_text(const struct node *node)
{
	auto_close int fd = memfd_create("text", MFD_CLOEXEC);
	int error;

	if (fd < 0)
		return -errno;
	error = fd_write_full(fd, node->text, (size_t)node->size);
	if (error < 0)
		return error;
	if (lseek(fd, 0, SEEK_SET) < 0)
		return -errno;
	return take_fd(&fd);
}

static int open_file(void *context, const char *path, struct stat *st)
{
	const struct image *image = context;
	const struct node *node = find(image, path);
	auto_close int fd = -1;

	if (!node)
		return -ENOENT;
	if (node->type != NODE_FILE)
		return -EINVAL;
	if (node->content == CONTENT_SOURCE)
		return source_open_file(image->source, node->from, st);
	fd = node->content == CONTENT_TEXT
		     ? open_text(node)
		     : open(node->from, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return node->content == CONTENT_TEXT ? fd : -errno;
	describe(node, st);
	return take_fd(&fd);
}

int image_source_open(const struct tree *tree, const struct source *source,
		      struct source **out, struct err *err)
{
	static const struct source_view view = {look, open_file, free};
	struct image *image = malloc(sizeof(*image));

	if (!image)
		return err_sys(err, ENOMEM, "look into the image");
	*image = (struct image){tree, source};
	return source_open_view(&view, image, "image:", out, err);
}
