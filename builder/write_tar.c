/*
 * The headers are our own (tar_header.c), since the identity of an image is
 * the digest of these bytes: they must not change with the version of a
 * library, and the place of every byte must be known beforehand, which
 * libarchive's writer does not tell.  Compressing is libarchive's (sink.c).
 */
#include "write_tar.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "content.h"
#include "sink.h"
#include "tar_header.h"
#include "tar_layout.h"

static int put_content(const struct node *node, const struct source *source,
		       struct sink *sink, struct err *err)
{
	if (content_put(node, source, sink, err) < 0)
		return -1;
	return sink_pad(sink, TAR_BLOCK, err);
}

static int put_members(const struct tar_layout *layout,
		       const struct source *source, long long mtime,
		       struct sink *sink, struct err *err)
{
	auto_free char *header = malloc(layout->header_max);

	if (!header)
		return err_sys(err, ENOMEM, "lay out the archive");
	for (size_t i = 0; i < layout->n; i++) {
		const struct tar_member *member = &layout->members[i];

		assert(sink_offset(sink) == member->header);
		if (tar_header_put(member, mtime, header, err) < 0 ||
		    sink_write(sink, header,
			       (size_t)(member->content - member->header),
			       err) < 0)
			return -1;
		assert(sink_offset(sink) == member->content);
		if (member->type == NODE_FILE &&
		    put_content(member->file, source, sink, err) < 0)
			return -1;
	}
	return 0;
}

int write_tar(const struct tree *tree, const struct source *source,
	      const struct image_options *options, const char *filter, int fd,
	      struct err *err)
{
	auto_of(tar_layout) struct tar_layout *layout = NULL;
	auto_of(sink) struct sink *sink = NULL;
	const struct tar_kind kind = {.is_mountable = !options->no_index,
				      .mtime = options->mtime};
	struct sink_options where = {
		.fd = fd,
		.name = options->output,
		.filter = filter,
		.digest = options->identity != NULL,
		.progress = options->progress,
		.context = options->context,
	};

	if (tar_layout_make(tree, &kind, &layout, err) < 0)
		return -1;
	where.total = layout->size;
	if (sink_open(&where, &sink, err) < 0 ||
	    put_members(layout, source, options->mtime, sink, err) < 0 ||
	    sink_fill(sink, layout->size, err) < 0)
		return -1;
	return sink_finish(sink, options->identity, err);
}

int write_tar_identity(const struct tree *tree, const struct source *source,
		       const struct image_options *options, struct err *err)
{
	struct image_options quiet = *options;
	auto_close int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);

	if (!quiet.identity)
		return 0;
	if (fd < 0)
		return err_sys(err, errno, "open /dev/null");
	quiet.progress = NULL;
	return write_tar(tree, source, &quiet, NULL, fd, err);
}
