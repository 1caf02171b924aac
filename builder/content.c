#include "content.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* Where the file stands, as the user knows it. */
static const char *prefix(const struct node *node, const struct source *source)
{
	return node->content == CONTENT_SOURCE ? source->name : "";
}

static int changed(const struct node *node, const struct source *source,
		   const char *what, struct err *err)
{
	return err_set(err, ERR_INPUT,
		       "%s%s: %s since the build began; build again when "
		       "nothing writes to it",
		       prefix(node, source), node->from, what);
}

static bool same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

static int compare(const struct node *node, const struct source *source,
		   const struct stat *st, struct err *err)
{
	const struct identity *planned = &node->identity;

	if (st->st_dev != planned->dev || st->st_ino != planned->ino)
		return changed(node, source, "replaced", err);
	if (st->st_size != node->size)
		return changed(node, source, "changed in size", err);
	if (!same_time(&st->st_mtim, &planned->mtime) ||
	    !same_time(&st->st_ctim, &planned->ctime))
		return changed(node, source, "changed", err);
	return 0;
}

static int open_host(const char *path, struct stat *st)
{
	auto_close int fd =
		open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0 || fstat(fd, st) < 0)
		return -errno;
	return S_ISREG(st->st_mode) ? take_fd(&fd) : -EINVAL;
}

int content_open(const struct node *node, const struct source *source,
		 struct err *err)
{
	struct stat st = {0};
	auto_close int fd = node->content == CONTENT_SOURCE
				    ? source_open_file(source, node->from, &st)
				    : open_host(node->from, &st);

	if (fd == -EINVAL)
		return changed(node, source, "no longer a regular file", err);
	if (fd < 0)
		return err_sys_kind(err, ERR_INPUT, -fd, "open %s%s",
				    prefix(node, source), node->from);
	if (compare(node, source, &st, err) < 0)
		return -1;
	return take_fd(&fd);
}

int content_check(const struct node *node, const struct source *source, int fd,
		  off_t got, struct err *err)
{
	struct stat st;

	if (got < 0)
		return err_sys_kind(err, ERR_INPUT, (int)-got, "read %s%s",
				    prefix(node, source), node->from);
	if (got != node->size)
		return changed(node, source, "changed in size", err);
	if (fstat(fd, &st) < 0)
		return err_sys_kind(err, ERR_INPUT, errno, "read %s%s",
				    prefix(node, source), node->from);
	return compare(node, source, &st, err);
}

static int put_file(const struct node *node, const struct source *source,
		    struct sink *sink, struct err *err)
{
	auto_close int fd = content_open(node, source, err);
	off_t got;

	if (fd < 0 || sink_copy(sink, fd, node->size, &got, err) < 0)
		return -1;
	return content_check(node, source, fd, got, err);
}

static int put_part(const struct node *node, struct sink *sink, struct err *err)
{
	off_t got;

	if (lseek(node->part.fd, node->part.offset, SEEK_SET) < 0)
		return err_sys_kind(err, ERR_INPUT, errno, "%s", node->from);
	if (sink_copy(sink, node->part.fd, node->size, &got, err) < 0)
		return -1;
	if (got < 0)
		return err_sys_kind(err, ERR_INPUT, (int)-got, "read %s",
				    node->from);
	if (got < node->size)
		return err_set(err, ERR_INPUT,
			       "%s: became shorter while it was read",
			       node->from);
	return 0;
}

int content_put(const struct node *node, const struct source *source,
		struct sink *sink, struct err *err)
{
	switch (node->content) {
	case CONTENT_NONE:
		return 0;
	case CONTENT_TEXT:
		return sink_write(sink, node->text, (size_t)node->size, err);
	case CONTENT_PART:
		return put_part(node, sink, err);
	case CONTENT_SOURCE:
	case CONTENT_HOST:
		break;
	}
	return put_file(node, source, sink, err);
}
