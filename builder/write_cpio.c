/*
 * Members come in the tree's order, in which a directory stands before what is
 * in it.  All names of a file have its inode number; the last of them carries
 * the content, as cpio itself does it: both it and the kernel then make the
 * links whatever the size.
 */
#include "write_cpio.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "content.h"
#include "links.h"
#include "sink.h"
#include "write_tar.h"

enum { HEADER = 110, ALIGN = 4, END_ALIGN = 512 };

static const char magic[] = "070701";
static const char trailer[] = "TRAILER!!!";

struct cpio {
	const struct tree *tree;
	const struct links *links;
	const struct source *source;
	long long mtime;
	struct sink *sink;
};

static const mode_t types[] = {
	[NODE_DIR] = S_IFDIR,  [NODE_FILE] = S_IFREG, [NODE_SYMLINK] = S_IFLNK,
	[NODE_CHAR] = S_IFCHR, [NODE_FIFO] = S_IFIFO,
};

static const char *member_name(const struct node *node)
{
	return node->path[1] ? node->path + 1 : ".";
}

static bool is_trailer(const struct node *node)
{
	return strcmp(member_name(node), trailer) == 0;
}

static bool has_long_name(const struct node *node)
{
	return strlen(member_name(node)) >= PATH_MAX;
}

static bool has_long_target(const struct node *node)
{
	return node->type == NODE_SYMLINK && strlen(node->target) >= PATH_MAX;
}

static bool is_too_large(const struct node *node)
{
	return node->type == NODE_FILE && node->size > UINT32_MAX;
}

static bool has_caps(const struct node *node)
{
	return node->caps != NULL;
}

static const struct refusal {
	bool (*applies)(const struct node *node);
	const char *words;
} refusals[] = {
	{is_trailer, "the name that ends a cpio archive"},
	{has_long_name, "a name too long for the kernel"},
	{has_long_target, "a link's target too long for the kernel"},
	{is_too_large, "4 GiB or more, for which cpio has no room"},
	{has_caps, "file capabilities, which cpio cannot hold"},
};

static int check_node(const struct node *node, struct err *err)
{
	for (size_t i = 0; i < sizeof(refusals) / sizeof(*refusals); i++)
		if (refusals[i].applies(node))
			return err_set(err, ERR_MANIFEST,
				       "%s: %s; write a .tar or .squashfs",
				       node->path, refusals[i].words);
	return 0;
}

static off_t round_up(off_t size)
{
	return (size + ALIGN - 1) / ALIGN * ALIGN;
}

/* The bytes behind the name of a node: content or target. */
static off_t body_size(const struct cpio *cpio, size_t index)
{
	const struct link *link = &cpio->links->items[index];
	const struct node *file = cpio->tree->nodes[link->file];

	if (file->type == NODE_SYMLINK)
		return (off_t)strlen(file->target);
	return file->type == NODE_FILE && link->last == index ? file->size : 0;
}

static int check_tree(const struct cpio *cpio, off_t *total, struct err *err)
{
	*total = 0;
	if (cpio->mtime > UINT32_MAX)
		return err_set(err, ERR_USAGE,
			       "cpio has no room for times after 2106");
	for (size_t i = 0; i < cpio->tree->n; i++) {
		const struct node *node = cpio->tree->nodes[i];

		if (check_node(node, err) < 0)
			return -1;
		*total += round_up(HEADER + 1 +
				   (off_t)strlen(member_name(node))) +
			  round_up(body_size(cpio, i));
	}
	return 0;
}

/* The numbers of a header, in its order; each is eight digits. */
struct header {
	uint32_t inode, mode, uid, gid, n_links, mtime, size;
	uint32_t major, minor; /* of the file system that the file is in */
	uint32_t device_major, device_minor;
	uint32_t name_size, checksum;
};
enum { N_NUMBERS = sizeof(struct header) / sizeof(uint32_t) };
_Static_assert(sizeof(magic) - 1 + (size_t)8 * N_NUMBERS == HEADER, "as told");

static int put_header(struct sink *sink, struct header header, const char *name,
		      struct err *err)
{
	uint32_t numbers[N_NUMBERS];
	char text[HEADER + 1];
	char *at = stpcpy(text, magic);

	header.name_size = (uint32_t)strlen(name) + 1;
	memcpy(numbers, &header, sizeof(header));
	for (size_t i = 0; i < N_NUMBERS; i++)
		at += snprintf(at, 9, "%08X", numbers[i]);
	if (sink_write(sink, text, HEADER, err) < 0 ||
	    sink_write(sink, name, header.name_size, err) < 0)
		return -1;
	return sink_pad(sink, ALIGN, err);
}

static int put_body(const struct cpio *cpio, const struct node *node,
		    struct err *err)
{
	auto_close int fd = -1;
	off_t got;

	if (node->type == NODE_SYMLINK)
		return sink_write(cpio->sink, node->target,
				  strlen(node->target), err);
	if (node->content == CONTENT_TEXT)
		return sink_write(cpio->sink, node->text, (size_t)node->size,
				  err);
	if (node->content == CONTENT_NONE)
		return 0;
	fd = content_open(node, cpio->source, err);
	if (fd < 0 || sink_copy(cpio->sink, fd, node->size, &got, err) < 0)
		return -1;
	return content_check(node, cpio->source, fd, got, err);
}

static int put_member(const struct cpio *cpio, size_t index, struct err *err)
{
	const struct link *link = &cpio->links->items[index];
	const struct node *file = cpio->tree->nodes[link->file];
	bool has_body = file->type == NODE_SYMLINK ||
			(file->type == NODE_FILE && link->last == index);
	const struct header header = {
		.inode = (uint32_t)link->file + 1,
		.mode = types[file->type] | (file->mode & 07777),
		.uid = file->uid,
		.gid = file->gid,
		.n_links = link->count,
		.mtime = (uint32_t)cpio->mtime,
		.size = (uint32_t)body_size(cpio, index),
		.device_major = major(file->rdev),
		.device_minor = minor(file->rdev),
	};
	const char *name = member_name(cpio->tree->nodes[index]);

	if (put_header(cpio->sink, header, name, err) < 0)
		return -1;
	if (has_body && put_body(cpio, file, err) < 0)
		return -1;
	return sink_pad(cpio->sink, ALIGN, err);
}

static int put_members(const struct cpio *cpio, struct err *err)
{
	const struct header end = {.n_links = 1};

	for (size_t i = 0; i < cpio->tree->n; i++)
		if (put_member(cpio, i, err) < 0)
			return -1;
	if (put_header(cpio->sink, end, trailer, err) < 0)
		return -1;
	return sink_pad(cpio->sink, END_ALIGN, err);
}

int write_cpio(const struct tree *tree, const struct source *source,
	       const struct image_options *options, const char *filter, int fd,
	       struct err *err)
{
	auto_of(links) struct links *links = NULL;
	auto_of(sink) struct sink *sink = NULL;
	struct cpio cpio = {
		.tree = tree, .source = source, .mtime = options->mtime};
	struct sink_options where = {
		.fd = fd,
		.name = options->output,
		.filter = filter,
		.progress = options->progress,
		.context = options->context,
	};

	if (links_find(tree, &links, err) < 0)
		return -1;
	cpio.links = links;
	if (check_tree(&cpio, &where.total, err) < 0 ||
	    sink_open(&where, &sink, err) < 0)
		return -1;
	cpio.sink = sink;
	if (put_members(&cpio, err) < 0 || sink_finish(sink, NULL, err) < 0)
		return -1;
	return write_tar_identity(tree, source, options, err);
}
