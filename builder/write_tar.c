/*
 * The headers are our own (tar_header.c), since the identity of an image is
 * the digest of these bytes: they must not change with the version of a
 * library, and the place of every byte must be known beforehand, which
 * libarchive's writer does not tell.  Compressing is libarchive's (sink.c).
 */
#include "write_tar.h"

#include <assert.h>
#include <errno.h>

#include "content.h"
#include "sink.h"
#include "tar_header.h"

/* Nothing may follow the end of an archive but zeros; mounts want pages. */
enum { END_BLOCKS = 2, ALIGN = 4096 };

static int find_file(const struct tree *tree, struct tar_member *member,
		     struct err *err)
{
	const struct node *node = member->node;

	member->file = node;
	if (node->type != NODE_HARDLINK)
		return 0;
	member->file = tree_find(tree, node->target);
	if (!member->file || member->file->type != NODE_FILE)
		return err_set(err, ERR_MANIFEST,
			       "%s: hard link to %s, which is no file of the "
			       "image",
			       node->path, node->target);
	return 0;
}

static off_t round_up(off_t size, off_t align)
{
	return (size + align - 1) / align * align;
}

static off_t content_size(const struct node *node)
{
	return node->type == NODE_FILE ? node->size : 0;
}

/* The whole tar's size; the writer's own offset must agree with it. */
static int measure(const struct tree *tree, const struct image_options *options,
		   off_t *total, struct err *err)
{
	off_t size = 0;

	for (size_t i = 0; i < tree->n; i++) {
		struct tar_member member = {.node = tree->nodes[i],
					    .mtime = options->mtime};
		off_t header;

		if (find_file(tree, &member, err) < 0)
			return -1;
		header = tar_header_size(&member);
		if (header < 0)
			return err_sys(err, ENOMEM, "%s", member.node->path);
		size += header + round_up(content_size(member.node), TAR_BLOCK);
	}
	*total = round_up(size + END_BLOCKS * TAR_BLOCK, ALIGN);
	return 0;
}

static int put_file(const struct node *node, const struct source *source,
		    struct sink *sink, struct err *err)
{
	auto_close int fd = content_open(node, source, err);
	off_t got;

	if (fd < 0)
		return -1;
	if (sink_copy(sink, fd, node->size, &got, err) < 0)
		return -1;
	return content_check(node, source, fd, got, err);
}

static int put_content(const struct node *node, const struct source *source,
		       struct sink *sink, struct err *err)
{
	int status = 0;

	if (node->content == CONTENT_TEXT)
		status = sink_write(sink, node->text, (size_t)node->size, err);
	else if (node->content != CONTENT_NONE)
		status = put_file(node, source, sink, err);
	return status < 0 ? -1 : sink_pad(sink, TAR_BLOCK, err);
}

static int put_members(const struct tree *tree, const struct source *source,
		       long long mtime, struct sink *sink, struct err *err)
{
	for (size_t i = 0; i < tree->n; i++) {
		struct tar_member member = {.node = tree->nodes[i],
					    .mtime = mtime};

		if (find_file(tree, &member, err) < 0 ||
		    tar_header_write(&member, sink, err) < 0)
			return -1;
		if (member.node->type == NODE_FILE &&
		    put_content(member.node, source, sink, err) < 0)
			return -1;
	}
	return 0;
}

static int put_end(struct sink *sink, struct err *err)
{
	static const char zeros[END_BLOCKS * TAR_BLOCK];

	if (sink_write(sink, zeros, sizeof(zeros), err) < 0)
		return -1;
	return sink_pad(sink, ALIGN, err);
}

int write_tar(const struct tree *tree, const struct source *source,
	      const struct image_options *options, const char *filter, int fd,
	      struct err *err)
{
	struct sink_options where = {
		.fd = fd,
		.name = options->output,
		.filter = filter,
		.digest = options->identity != NULL,
		.progress = options->progress,
		.context = options->context,
	};
	auto_of(sink) struct sink *sink = NULL;

	if (measure(tree, options, &where.total, err) < 0 ||
	    sink_open(&where, &sink, err) < 0 ||
	    put_members(tree, source, options->mtime, sink, err) < 0 ||
	    put_end(sink, err) < 0)
		return -1;
	assert(sink_offset(sink) == where.total);
	return sink_finish(sink, options->identity, err);
}
