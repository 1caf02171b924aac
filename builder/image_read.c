#include "image_read.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "entry_type.h"
#include "filecaps.h"
#include "hardlinks.h"
#include "tar_stream.h"

/* Bounds on what a hostile image may make us keep. */
enum {
	NODES_MAX = 1000000,
	NAMES_MAX = 256 << 20, /* bytes, all names and targets together */
	NAME_MAX_LEN = 4096,
	TEXT_MAX = 4 << 20,
};
#define SIZE_MAX_FILE (INT64_C(1) << 50)
#define SIZE_MAX_ALL (INT64_C(1) << 60) /* sums stay far from overflow */

DEFINE_AUTO(archive_entry)

const char *const image_texts[] = {"/.jail/manifest", "/etc/passwd", NULL};

struct reader {
	struct image *image;
	const char *name; /* of the image, for messages */
	struct archive *archive;
	struct tar_stream *stream; /* NULL: a directory */
	struct err *stream_err; /* why the stream broke off */
	size_t n_names; /* bytes of names so far */
	bool has_root;
};

static int flaw(struct reader *reader, const char *name, const char *words,
		struct err *err)
{
	if (flaws_add(&reader->image->flaws, name, "%s", words) < 0)
		return err_sys(err, ENOMEM, "%s", reader->name);
	return 0;
}

/*
 * "./usr/bin/" is "/usr/bin" in the image.  NULL, with a flaw, when the name
 * has another form: the path would not be what every reader makes of it.
 */
static char *image_path(struct reader *reader, const char *name, bool *is_bad,
			struct err *err)
{
	size_t len = name ? strlen(name) : 0;
	auto_free char *path = NULL;

	*is_bad = len < 2 || len > NAME_MAX_LEN || strncmp(name, "./", 2) != 0;
	for (const char *at = *is_bad ? "" : name + 1; *at;) {
		size_t part = strcspn(at + 1, "/");
		bool is_dot = (part == 1 && at[1] == '.') ||
			      (part == 2 && at[1] == '.' && at[2] == '.');
		bool is_end = part == 0 && at[1] == '\0';

		if (is_dot || (part == 0 && !is_end))
			*is_bad = true;
		at += 1 + part;
	}
	if (*is_bad) {
		flaw(reader, name ? name : "?",
		     "no name that an image may have (./DIR/NAME)", err);
		return NULL;
	}
	path = strdup(name + 1);
	if (!path) {
		err_sys(err, ENOMEM, "%s", reader->name);
		return NULL;
	}
	if (len > 2 && path[len - 2] == '/')
		path[len - 2] = '\0';
	return TAKE(path);
}

static int set_target(struct reader *reader, struct node *node,
		      struct archive_entry *entry, struct err *err)
{
	const char *target = archive_entry_symlink(entry);
	bool is_bad = false;

	if (node->type == NODE_HARDLINK)
		node->target = image_path(reader, archive_entry_hardlink(entry),
					  &is_bad, err);
	else if (node->type == NODE_SYMLINK && target && *target)
		node->target = strndup(target, NAME_MAX_LEN);
	else if (node->type != NODE_SYMLINK)
		return 0;
	else if (flaw(reader, node->path, "a link to nothing", err) < 0)
		return -1;
	else
		is_bad = true;
	if (!node->target && is_bad) /* a tree's links have targets */
		node->target = strdup("/");
	if (!node->target)
		return err_sys(err, ENOMEM, "%s", reader->name);
	reader->n_names += strlen(node->target);
	return 0;
}

/* Attributes that change what a file is, and that jailbuild never gives. */
static int set_attributes(struct reader *reader, struct node *node,
			  struct archive_entry *entry, struct err *err)
{
	const char *name;
	const void *value;
	size_t len;

	archive_entry_xattr_reset(entry);
	while (archive_entry_xattr_next(entry, &name, &value, &len) ==
	       ARCHIVE_OK) {
		if (strcmp(name, "security.selinux") == 0)
			continue; /* the host's own label of a directory */
		if (strcmp(name, FILECAPS_NAME) == 0 && !node->caps)
			node->caps = filecaps_decode(value, len);
		if (strcmp(name, FILECAPS_NAME) != 0 || !node->caps ||
		    node->type != NODE_FILE)
			return flaw(reader, node->path, "an extended attribute",
				    err);
	}
	if (archive_entry_acl_types(entry) != 0)
		return flaw(reader, node->path, "an access control list", err);
	return 0;
}

static int set_numbers(struct reader *reader, struct node *node,
		       struct archive_entry *entry, struct err *err)
{
	la_int64_t uid = archive_entry_uid(entry);
	la_int64_t gid = archive_entry_gid(entry);
	la_int64_t size = archive_entry_size(entry);

	if (uid < 0 || uid > UINT32_MAX || gid < 0 || gid > UINT32_MAX)
		return flaw(reader, node->path, "an owner beyond 32 bits", err);
	if (size > SIZE_MAX_FILE)
		return flaw(reader, node->path, "too great a size", err);
	node->mode = archive_entry_perm(entry);
	node->uid = (uid_t)uid;
	node->gid = (gid_t)gid;
	if (node->type == NODE_CHAR)
		node->rdev = makedev((unsigned)archive_entry_rdevmajor(entry),
				     (unsigned)archive_entry_rdevminor(entry));
	if (node->type == NODE_FILE && size > 0)
		tree_set_size(reader->image->tree, node, size);
	return 0;
}

static bool is_text(const struct node *node)
{
	if (node->type != NODE_FILE || node->size > TEXT_MAX)
		return false;
	for (const char *const *path = image_texts; *path; path++)
		if (strcmp(*path, node->path) == 0)
			return true;
	return false;
}

/* What libarchive, or the stream below it, says of an archive that broke. */
static int broken(struct reader *reader, struct err *err)
{
	const char *words = archive_error_string(reader->archive);

	if (reader->stream_err && reader->stream_err->kind != ERR_NONE) {
		*err = *reader->stream_err;
		return -1;
	}
	return err_set(err, ERR_INPUT, "%s: %s", reader->name,
		       words ? words : "damaged");
}

static int read_text(struct reader *reader, struct node *node, struct err *err)
{
	size_t size = (size_t)node->size;
	la_ssize_t got;

	node->text = calloc(size + 1, 1);
	if (!node->text)
		return err_sys(err, ENOMEM, "%s", reader->name);
	got = archive_read_data(reader->archive, node->text, size);
	if (got < 0 || (size_t)got != size)
		return broken(reader, err);
	node->content = CONTENT_TEXT;
	return 0;
}

static int check_bounds(struct reader *reader, struct err *err)
{
	const struct tree *tree = reader->image->tree;

	if (tree->n <= NODES_MAX && reader->n_names <= NAMES_MAX &&
	    tree->content_size <= SIZE_MAX_ALL)
		return 0;
	return err_set(err, ERR_INPUT,
		       "%s: too great: more than %d members, %d MiB of names "
		       "or %d PiB of content",
		       reader->name, NODES_MAX, NAMES_MAX >> 20,
		       (int)(SIZE_MAX_ALL >> 50));
}

/* Members come after the directory that they are in. */
static bool has_directory(const struct tree *tree, char *path)
{
	char *slash = strrchr(path, '/');
	const struct node *above;

	if (slash == path)
		return true;
	*slash = '\0';
	above = tree_find(tree, path);
	*slash = '/';
	return above && above->type == NODE_DIR;
}

/* *node is NULL when the member cannot be in a tree, which is a flaw. */
static int add_node(struct reader *reader, char *path, enum node_type type,
		    struct node **node, struct err *err)
{
	static const struct reason reason = {.relation = "member"};
	struct tree *tree = reader->image->tree;
	bool is_new;

	*node = NULL;
	if (strcmp(path, "/") == 0) {
		if (type != NODE_DIR || reader->has_root)
			return flaw(reader, path, "a second root", err);
		reader->has_root = true;
		*node = tree->nodes[0];
		return 0;
	}
	if (tree_find(tree, path))
		return flaw(reader, path, "two members of one name", err);
	if (!has_directory(tree, path))
		return flaw(reader, path, "no directory before it holds it",
			    err);
	reader->n_names += strlen(path);
	*node = tree_add(tree, path, type, &reason, &is_new, err);
	return *node ? 0 : -1;
}

static int fill_node(struct reader *reader, struct node *node,
		     struct archive_entry *entry, struct err *err)
{
	if (node->path[1] == '\0')
		reader->image->mtime = archive_entry_mtime(entry);
	if (set_numbers(reader, node, entry, err) < 0 ||
	    set_target(reader, node, entry, err) < 0 ||
	    set_attributes(reader, node, entry, err) < 0)
		return -1;
	return is_text(node) ? read_text(reader, node, err) : 0;
}

static int add_member(struct reader *reader, const char *name,
		      struct archive_entry *entry, struct err *err)
{
	enum node_type type;
	struct node *node;
	bool is_bad;
	auto_free char *path = image_path(reader, name, &is_bad, err);

	if (!path)
		return is_bad ? 0 : -1;
	if (!node_type_of_entry(entry, &type))
		return flaw(reader, path,
			    "neither file, directory, link, character device "
			    "nor FIFO",
			    err);
	if (add_node(reader, path, type, &node, err) < 0)
		return -1;
	if (!node)
		return 0;
	if (fill_node(reader, node, entry, err) < 0)
		return -1;
	return check_bounds(reader, err);
}

/* 1: there is a member; 0: that was the last; -1. */
static int next_member(struct reader *reader, struct archive_entry *entry,
		       struct err *err)
{
	int status = archive_read_next_header2(reader->archive, entry);

	if (status == ARCHIVE_EOF)
		return 0;
	if (status == ARCHIVE_WARN &&
	    flaw(reader, archive_entry_pathname(entry),
		 archive_error_string(reader->archive), err) < 0)
		return -1;
	if (status != ARCHIVE_OK && status != ARCHIVE_WARN)
		return broken(reader, err);
	return 1;
}

static la_ssize_t read_stream(struct archive *archive, void *context,
			      const void **data)
{
	struct reader *reader = context;
	size_t len;

	if (tar_stream_next(reader->stream, data, &len, reader->stream_err) ==
	    0)
		return (la_ssize_t)len;
	archive_set_error(archive, EIO, "%s", reader->stream_err->msg);
	return -1;
}

static int read_tar_members(struct reader *reader, struct err *err)
{
	auto_of(archive_entry) struct archive_entry *entry =
		archive_entry_new();
	int more = 1;

	if (!entry || !reader->archive)
		return err_sys(err, ENOMEM, "%s", reader->name);
	if (archive_read_support_format_tar(reader->archive) != ARCHIVE_OK ||
	    archive_read_open(reader->archive, reader, NULL, read_stream,
			      NULL) != ARCHIVE_OK)
		return broken(reader, err);
	while ((more = next_member(reader, entry, err)) > 0)
		if (add_member(reader, archive_entry_pathname(entry), entry,
			       err) < 0)
			return -1;
	return more;
}

static int read_tar(struct reader *reader, int fd, struct err *err)
{
	auto_of(tar_stream) struct tar_stream *stream = NULL;
	struct err stream_err = {0};
	int status;

	if (tar_stream_open(fd, reader->name, &stream, err) < 0)
		return -1;
	reader->stream = stream;
	reader->stream_err = &stream_err;
	reader->archive = archive_read_new();
	status = read_tar_members(reader, err);
	archive_read_free(reader->archive);
	reader->stream_err = NULL;
	if (status < 0)
		return -1;
	return tar_stream_digest(stream, reader->image->identity, err);
}

/* libarchive leaves out slashes at the end of what it is to read. */
static size_t bare_len(const char *path)
{
	size_t len = strlen(path);

	while (len > 1 && path[len - 1] == '/')
		len--;
	return len;
}

/*
 * The entry of one thing below a directory, named as in a tar.  Further names
 * of a file become hard links, as in a tar.
 */
static int add_found(struct reader *reader,
		     struct archive_entry_linkresolver *links,
		     struct archive_entry *entry, struct err *err)
{
	const char *path = archive_entry_pathname(entry);
	size_t len = bare_len(reader->name);
	auto_free char *name = NULL;
	struct archive_entry *spare = NULL;

	if (!path || strncmp(path, reader->name, len) != 0)
		return err_set(err, ERR_INPUT, "%s: cannot be read",
			       reader->name);
	while (path[len] == '/')
		len++;
	if (asprintf(&name, "./%s", path + len) < 0)
		return err_sys(err, ENOMEM, "%s", reader->name);
	archive_entry_copy_pathname(entry, name);
	archive_entry_linkify(links, &entry, &spare);
	return add_member(reader, name, entry, err);
}

static int read_dir_members(struct reader *reader,
			    struct archive_entry_linkresolver *links,
			    struct err *err)
{
	auto_of(archive_entry) struct archive_entry *entry =
		archive_entry_new();
	int more;

	if (!entry)
		return err_sys(err, ENOMEM, "%s", reader->name);
	archive_entry_linkresolver_set_strategy(links,
						ARCHIVE_FORMAT_TAR_USTAR);
	while ((more = next_member(reader, entry, err)) > 0) {
		if (add_found(reader, links, entry, err) < 0)
			return -1;
		if (archive_read_disk_can_descend(reader->archive))
			archive_read_disk_descend(reader->archive);
	}
	return more;
}

static int read_dir(struct reader *reader, struct err *err)
{
	struct archive_entry_linkresolver *links =
		archive_entry_linkresolver_new();
	struct archive *disk = archive_read_disk_new();
	int status;

	reader->archive = disk;
	reader->image->is_dir = true;
	if (!links || !disk) {
		status = err_sys(err, ENOMEM, "%s", reader->name);
	} else {
		archive_read_disk_set_symlink_physical(disk);
		archive_read_disk_set_behavior(
			disk, ARCHIVE_READDISK_NO_TRAVERSE_MOUNTS |
				      ARCHIVE_READDISK_NO_FFLAGS);
		status =
			archive_read_disk_open(disk, reader->name) == ARCHIVE_OK
				? read_dir_members(reader, links, err)
				: broken(reader, err);
	}
	archive_read_free(disk);
	archive_entry_linkresolver_free(links);
	return status;
}

static int read_any(struct reader *reader, struct err *err)
{
	auto_close int fd = open(reader->name,
				 O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys_kind(err, ERR_INPUT, errno, "%s", reader->name);
	if (S_ISDIR(st.st_mode))
		return read_dir(reader, err);
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_INPUT,
			       "%s: neither a file nor a directory",
			       reader->name);
	return read_tar(reader, fd, err);
}

/*
 * Names are bytes to us and to libarchive in any locale but "C", where it
 * refuses those of pax headers that are not ASCII.
 */
static int read_in_utf8(struct reader *reader, struct err *err)
{
	locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	locale_t before = utf8 ? uselocale(utf8) : (locale_t)0;
	int status = read_any(reader, err);

	if (utf8) {
		uselocale(before);
		freelocale(utf8);
	}
	return status;
}

int image_read(const char *path, struct image **out, struct err *err)
{
	auto_of(image) struct image *image = calloc(1, sizeof(*image));
	struct reader reader = {.image = image, .name = path};

	if (image)
		image->tree = tree_new();
	if (!image || !image->tree)
		return err_sys(err, ENOMEM, "%s", path);
	tree_begin_batch(image->tree);
	if (read_in_utf8(&reader, err) < 0)
		return -1;
	tree_end_batch(image->tree);
	if (!reader.has_root && flaw(&reader, "/", "no member", err) < 0)
		return -1;
	if (hardlinks_settle(image->tree, &image->flaws, err) < 0)
		return -1;
	*out = TAKE(image);
	return 0;
}

void image_free(struct image *image)
{
	if (!image)
		return;
	tree_free(image->tree);
	flaws_clear(&image->flaws);
	free(image);
}
