/*
 * While the tree is being made its directories are ours alone (0700): nobody
 * can put a link in our way, and a path below the root leads where it says.
 * Modes and times of directories come last, from the leaves up.
 */
#include "write_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "content.h"
#include "fdio.h"
#include "filecaps.h"
#include "outdir.h"
#include "rootfd.h"
#include "write_tar.h"

struct dir_writer {
	const struct tree *tree;
	const struct source *source;
	const struct image_options *options;
	struct outdir *dir;
	off_t done;
};

static bool is_ours(const struct node *node)
{
	return node->uid == geteuid() && node->gid == getegid();
}

/* Words for a user who lacks a privilege: how much there is that needs it. */
static int lacks_privilege(const struct dir_writer *writer, struct err *err)
{
	size_t n_owned = 0, n_devices = 0;

	for (size_t i = 0; i < writer->tree->n; i++) {
		const struct node *node = writer->tree->nodes[i];

		if (node->type == NODE_CHAR)
			n_devices++;
		else if (node->type != NODE_HARDLINK && !is_ours(node))
			n_owned++;
	}
	return err_set(err, ERR_HOST,
		       "%s: %zu files of root or other owners and %zu devices "
		       "cannot be made by this user; run jailbuild as root, or "
		       "write a .tar, which needs no privilege",
		       writer->options->output, n_owned, n_devices);
}

static int failed(const struct dir_writer *writer, const struct node *node,
		  struct err *err)
{
	if (errno == EPERM)
		return lacks_privilege(writer, err);
	return err_sys(err, errno, "write %s%s", writer->dir->path, node->path);
}

static int set_times(const struct dir_writer *writer, int dir_fd,
		     const char *name)
{
	struct timespec time = {.tv_sec = writer->options->mtime};
	struct timespec times[2] = {time, time};

	return utimensat(dir_fd, name, times, AT_SYMLINK_NOFOLLOW);
}

enum { COPY_MAX = 8 << 20 }; /* in one call, which no signal interrupts */

static int copy_bytes(int from, int to, off_t size, off_t *got)
{
	ssize_t n = 1;

	for (*got = 0; *got < size && n > 0; *got += n) {
		off_t left = size - *got;
		size_t len = left < COPY_MAX ? (size_t)left : COPY_MAX;

		/* shares the blocks where the file system can */
		n = copy_file_range(from, NULL, to, NULL, len, 0);
		if (n <= 0)
			n = sendfile(to, from, NULL, len);
		if (n < 0)
			return -1;
	}
	return 0;
}

static int fill_file(struct dir_writer *writer, const struct node *node, int to,
		     struct err *err)
{
	auto_close int from = -1;
	off_t got;

	if (node->content == CONTENT_NONE)
		return 0;
	if (node->content == CONTENT_TEXT) {
		int error = fd_write_full(to, node->text, (size_t)node->size);

		return error < 0 ? err_sys(err, -error, "write %s%s",
					   writer->dir->path, node->path)
				 : 0;
	}
	from = content_open(node, writer->source, err);
	if (from < 0)
		return -1;
	if (copy_bytes(from, to, node->size, &got) < 0)
		return err_sys(err, errno, "copy to %s%s", writer->dir->path,
			       node->path);
	return content_check(node, writer->source, from, got, err);
}

/* After chown(), which takes capabilities away. */
static int set_caps(const struct node *node, int fd, struct err *err)
{
	unsigned char value[FILECAPS_SIZE];

	if (!node->caps)
		return 0;
	if (filecaps_encode(node->caps, value, err) < 0)
		return -1;
	if (fsetxattr(fd, FILECAPS_NAME, value, sizeof(value), 0) < 0)
		return err_sys_kind(err, ERR_HOST, errno,
				    "%s: set file capabilities %s", node->path,
				    node->caps);
	return 0;
}

static int make_file(struct dir_writer *writer, const struct node *node,
		     int dir_fd, const char *name, struct err *err)
{
	auto_close int fd = openat(
		dir_fd, name,
		O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return failed(writer, node, err);
	if (fill_file(writer, node, fd, err) < 0)
		return -1;
	if (fchown(fd, node->uid, node->gid) < 0 ||
	    fchmod(fd, node->mode & 07777) < 0)
		return failed(writer, node, err);
	if (set_caps(node, fd, err) < 0)
		return -1;
	if (set_times(writer, dir_fd, name) < 0)
		return failed(writer, node, err);
	writer->done += node->size;
	if (writer->options->progress)
		writer->options->progress(writer->options->context,
					  writer->done,
					  writer->tree->content_size);
	return 0;
}

static int make_special(struct dir_writer *writer, const struct node *node,
			int dir_fd, const char *name, struct err *err)
{
	mode_t type = node->type == NODE_CHAR ? S_IFCHR : S_IFIFO;
	int status;

	if (node->type == NODE_SYMLINK)
		status = symlinkat(node->target, dir_fd, name);
	else
		status = mknodat(dir_fd, name, type | 0600, node->rdev);
	if (status < 0 || fchownat(dir_fd, name, node->uid, node->gid,
				   AT_SYMLINK_NOFOLLOW) < 0)
		return failed(writer, node, err);
	if (node->type != NODE_SYMLINK &&
	    fchmodat(dir_fd, name, node->mode & 07777, 0) < 0)
		return failed(writer, node, err);
	return set_times(writer, dir_fd, name) < 0 ? failed(writer, node, err)
						   : 0;
}

static int make_link(struct dir_writer *writer, const struct node *node,
		     int dir_fd, const char *name, struct err *err)
{
	auto_close int target =
		root_open_nolinks(writer->dir->fd, node->target, O_PATH, 0);
	char self[64];

	if (target < 0)
		return err_sys(err, -target, "link to %s%s", writer->dir->path,
			       node->target);
	snprintf(self, sizeof(self), "/proc/self/fd/%d", target);
	if (linkat(target, "", dir_fd, name, AT_EMPTY_PATH) < 0 &&
	    linkat(AT_FDCWD, self, dir_fd, name, AT_SYMLINK_FOLLOW) < 0)
		return failed(writer, node, err);
	return 0;
}

static int make_node(struct dir_writer *writer, const struct node *node,
		     struct err *err)
{
	auto_free char *above = strdup(node->path);
	char *slash = above ? strrchr(above, '/') : NULL;
	auto_close int dir_fd = -1;
	const char *name;

	if (!slash)
		return err_sys(err, ENOMEM, "%s", node->path);
	name = slash + 1;
	*slash = '\0';
	dir_fd = root_open_nolinks(writer->dir->fd, *above ? above : "/",
				   O_PATH | O_DIRECTORY, 0);
	if (dir_fd < 0)
		return err_sys(err, -dir_fd, "write %s%s", writer->dir->path,
			       node->path);
	switch (node->type) {
	case NODE_DIR:
		return mkdirat(dir_fd, name, 0700) < 0
			       ? failed(writer, node, err)
			       : 0;
	case NODE_FILE:
		return make_file(writer, node, dir_fd, name, err);
	case NODE_HARDLINK:
		return make_link(writer, node, dir_fd, name, err);
	case NODE_SYMLINK:
	case NODE_CHAR:
	case NODE_FIFO:
		return make_special(writer, node, dir_fd, name, err);
	}
	return 0;
}

static int finish_directory(const struct dir_writer *writer,
			    const struct node *node, struct err *err)
{
	struct timespec time = {.tv_sec = writer->options->mtime};
	struct timespec times[2] = {time, time};
	auto_close int fd = root_open_nolinks(writer->dir->fd, node->path,
					      O_RDONLY | O_DIRECTORY, 0);

	if (fd < 0)
		return err_sys(err, -fd, "write %s%s", writer->dir->path,
			       node->path);
	if (fchown(fd, node->uid, node->gid) < 0 ||
	    fchmod(fd, node->mode & 07777) < 0 || futimens(fd, times) < 0)
		return failed(writer, node, err);
	return 0;
}

static int make_nodes(struct dir_writer *writer, struct err *err)
{
	const struct tree *tree = writer->tree;

	for (size_t i = 0; i < tree->n; i++)
		if (tree->nodes[i]->path[1] != '\0' &&
		    make_node(writer, tree->nodes[i], err) < 0)
			return -1;
	for (size_t i = tree->n; i-- > 0;)
		if (tree->nodes[i]->type == NODE_DIR &&
		    finish_directory(writer, tree->nodes[i], err) < 0)
			return -1;
	return 0;
}

int write_dir(const struct tree *tree, const struct source *source,
	      const struct image_options *options, struct err *err)
{
	auto_of(outdir) struct outdir *dir = NULL;
	struct dir_writer writer = {
		.tree = tree, .source = source, .options = options};
	const struct node *root = tree->nodes[0];

	if (outdir_open(options->output, &dir, err) < 0)
		return -1;
	writer.dir = dir;
	/* whoever may not give away one directory need not copy the rest */
	if (fchown(dir->fd, root->uid, root->gid) < 0)
		return failed(&writer, root, err);
	if (make_nodes(&writer, err) < 0 ||
	    write_tar_identity(tree, source, options, err) < 0)
		return -1;
	return outdir_commit(dir, err);
}
