#include "write_cpio.h"

#include "cpio.h"
#include "write_tar.h"

int write_cpio(const struct tree *tree, const struct source *source,
	       const struct image_options *options, const char *filter, int fd,
	       struct err *err)
{
	auto_of(links) struct links *links = NULL;
	auto_of(sink) struct sink *sink = NULL;
	struct cpio cpio = {
		.tree = tree,
		.source = source,
		.mtime = options->mtime,
		.remedy = "; write a .tar or .squashfs",
	};
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
	if (cpio_check(&cpio, &where.total, err) < 0 ||
	    sink_open(&where, &sink, err) < 0 ||
	    cpio_put(&cpio, sink, err) < 0 || sink_finish(sink, NULL, err) < 0)
		return -1;
	return write_tar_identity(tree, source, options, err);
}
