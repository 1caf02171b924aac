#include "tar_lay.h"

#include <archive.h>
#include <archive_entry.h>
#include <elf.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <locale.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "entry_type.h"
#include "fdio.h"
#include "filecaps.h"
#include "hardlinks.h"
#include "known_device.h"
#include "tar_spool.h"
#include "tar_stream.h"

enum { MEMBERS_MAX = 1000000, NAMES_MAX = 256 << 20 };

DEFINE_AUTO(archive_entry)

struct laying {
	const struct tar_lay_request *request;
	struct tree *tree;
	struct tar_laid *laid;
	struct archive *archive;
	struct tar_stream *stream;
	struct err *stream_err; /* why the stream broke off */
	struct tar_spool spool;
	size_t n_names; /* bytes of names so far */
};

static int refuse(const struct laying *laying, const char *name,
		  const char *words, struct err *err)
{
	return err_set(err, ERR_INPUT, "%s: %s: %s", laying->laid->name,
		       name && *name ? name : "a member without a name", words);
}

static int no_memory(const struct laying *laying, struct err *err)
{
	return err_sys(err, ENOMEM, "%s", laying->laid->name);
}

/*
 * "./usr/bin/", "usr/bin" and "/usr/bin" are all "usr/bin"; "" is the root.
 * False: a name that has parts which lead elsewhere.
 */
static bool clean_name(const char *name, char **out)
{
	char *put = malloc(strlen(name) + 1);
	bool is_good = true;

	*out = put;
	while (put && *name && is_good) {
		size_t part = strcspn(name, "/");

		if (part == 2 && memcmp(name, "..", 2) == 0)
			is_good = false;
		if (part > 0 && !(part == 1 && *name == '.')) {
			if (put > *out)
				*put++ = '/';
			put = mempcpy(put, name, part);
		}
		name += part + (name[part] == '/');
	}
	if (put)
		*put = '\0';
	return is_good;
}

/* The path in the tree, or NULL. */
static char *tree_path(struct laying *laying, const char *name, struct err *err)
{
	auto_free char *clean = NULL;
	char *path = NULL;

	if (!name || !*name) {
		refuse(laying, name, "nothing can be called so", err);
		return NULL;
	}
	if (!clean_name(name, &clean)) {
		refuse(laying, name, "its name leads upwards (..)", err);
		return NULL;
	}
	if (!clean || asprintf(&path, "%s%s%s", laying->request->below,
			       *clean ? "/" : "", clean) < 0) {
		no_memory(laying, err);
		return NULL;
	}
	if (!*path) {
		free(path);
		path = strdup("/");
	}
	return path;
}

static int drop(struct laying *laying, const char *name, const char *words,
		struct err *err)
{
	return flaws_add(&laying->laid->dropped, name, "%s", words) < 0
		       ? no_memory(laying, err)
		       : 0;
}

static int look_at_attributes(struct laying *laying,
			      struct archive_entry *entry, struct err *err)
{
	const char *member = archive_entry_pathname(entry), *name;
	const void *value;
	size_t len;

	archive_entry_xattr_reset(entry);
	while (archive_entry_xattr_next(entry, &name, &value, &len) ==
	       ARCHIVE_OK)
		if (drop(laying, member,
			 strcmp(name, FILECAPS_NAME) == 0
				 ? "its file capabilities are dropped"
				 : "an extended attribute is dropped",
			 err) < 0)
			return -1;
	if (archive_entry_acl_types(entry) != 0)
		return drop(laying, member,
			    "its access control list is dropped", err);
	return 0;
}

static int set_numbers(struct laying *laying, struct node *node,
		       struct archive_entry *entry, struct err *err)
{
	const char *name = archive_entry_pathname(entry);
	la_int64_t uid = archive_entry_uid(entry);
	la_int64_t gid = archive_entry_gid(entry);

	if (uid < 0 || uid > UINT32_MAX || gid < 0 || gid > UINT32_MAX)
		return refuse(laying, name, "an owner beyond 32 bits", err);
	node->mode = archive_entry_perm(entry);
	node->uid = (uid_t)uid;
	node->gid = (gid_t)gid;
	if (node->type != NODE_CHAR)
		return 0;
	node->rdev = makedev((unsigned)archive_entry_rdevmajor(entry),
			     (unsigned)archive_entry_rdevminor(entry));
	if (!known_device_numbered(major(node->rdev), minor(node->rdev)))
		return refuse(laying, name,
			      "a device; null, zero, full, random, urandom and "
			      "tty alone may be there",
			      err);
	return 0;
}

/* The names of a file have one mode and owner: those of the file, whatever
 * their own headers say. */
static int set_file(struct laying *laying, struct node *node,
		    struct archive_entry *entry, struct err *err)
{
	const struct node *file;

	node->target = tree_path(laying, archive_entry_hardlink(entry), err);
	if (!node->target)
		return -1;
	file = tree_find(laying->tree, node->target);
	if (file) {
		node->mode = file->mode;
		node->uid = file->uid;
		node->gid = file->gid;
	}
	return 0;
}

static int set_target(struct laying *laying, struct node *node,
		      struct archive_entry *entry, struct err *err)
{
	const char *target = archive_entry_symlink(entry);

	if (node->type == NODE_HARDLINK)
		return set_file(laying, node, entry, err);
	if (node->type != NODE_SYMLINK)
		return 0;
	if (!target || !*target || strlen(target) >= PATH_MAX)
		return refuse(laying, archive_entry_pathname(entry),
			      "a link without a target, or with one too long",
			      err);
	node->target = strdup(target);
	return node->target ? 0 : no_memory(laying, err);
}

/* Counts a program or library by what it is for. */
static int count_elf(struct laying *laying, const struct node *node,
		     const unsigned char *data, size_t len, struct err *err)
{
	struct tar_laid *laid = laying->laid;
	uint16_t machine;

	if (len < offsetof(Elf64_Ehdr, e_version) ||
	    memcmp(data, ELFMAG, SELFMAG) != 0)
		return 0;
	memcpy(&machine, data + offsetof(Elf64_Ehdr, e_machine),
	       sizeof(machine));
	machine = data[EI_DATA] == ELFDATA2MSB ? be16toh(machine)
					       : le16toh(machine);
	laid->n_elf++;
	if (machine == laying->request->machine) {
		laid->n_native++;
	} else if (!laid->foreign) {
		laid->foreign =
			strdup(node->path + strlen(laying->request->below));
		if (!laid->foreign)
			return no_memory(laying, err);
	}
	return 0;
}

static int broken(const struct laying *laying, struct err *err)
{
	const char *words = archive_error_string(laying->archive);

	if (laying->stream_err->kind != ERR_NONE) {
		*err = *laying->stream_err;
		return -1;
	}
	if (laying->laid->n_members == 0)
		return err_set(err, ERR_INPUT,
			       "%s: no tar (%s); jailbuild -o NAME.tar makes "
			       "one",
			       laying->laid->name, words ? words : "damaged");
	return err_set(err, ERR_INPUT, "%s: %s", laying->laid->name,
		       words ? words : "damaged");
}

/*
 * The content lies in one piece at the place that the archive has come to;
 * that is proved by reading it through.
 */
static int find_content(struct laying *laying, struct node *node,
			struct archive_entry *entry, struct err *err)
{
	off_t size = archive_entry_size(entry);
	la_int64_t start = archive_filter_bytes(laying->archive, 0), offset;
	const void *data;
	off_t done = 0;
	size_t len;
	int status;

	while ((status = archive_read_data_block(laying->archive, &data, &len,
						 &offset)) == ARCHIVE_OK) {
		if (offset != done)
			break;
		if (done == 0 && count_elf(laying, node, data, len, err) < 0)
			return -1;
		done += (off_t)len;
	}
	if (status != ARCHIVE_EOF && status != ARCHIVE_OK)
		return broken(laying, err);
	if (done != size || start < 0)
		return refuse(laying, archive_entry_pathname(entry),
			      "a sparse file; pack it without that (tar "
			      "without -S)",
			      err);
	node->content = CONTENT_PART;
	node->part = (struct part){laying->laid->parts, start};
	node->from = strdup(laying->laid->name);
	if (!node->from)
		return no_memory(laying, err);
	tree_set_size(laying->tree, node, size);
	return 0;
}

static int set_content(struct laying *laying, struct node *node,
		       struct archive_entry *entry, struct err *err)
{
	la_int64_t size = archive_entry_size(entry);

	if (node->type == NODE_HARDLINK && size > 0 &&
	    archive_entry_size_is_set(entry))
		return refuse(laying, archive_entry_pathname(entry),
			      "a hard link with content", err);
	if (node->type != NODE_FILE || size <= 0)
		return 0;
	if (size > UINT32_MAX)
		return refuse(laying, archive_entry_pathname(entry),
			      "4 GiB or more, for which a ramdisk has no room",
			      err);
	return find_content(laying, node, entry, err);
}

/* A second member for a directory says its mode anew; there is no other. */
static struct node *add_node(struct laying *laying, const char *name,
			     const char *path, enum node_type type,
			     struct err *err)
{
	static const struct reason reason = {.relation = "member"};
	struct err why = {0};
	bool is_new;
	struct node *node;

	if (strcmp(path, laying->request->below) == 0 ||
	    strcmp(path, "/") == 0) {
		if (type != NODE_DIR) {
			refuse(laying, name, "a root that is no directory",
			       err);
			return NULL;
		}
	}
	node = tree_add(laying->tree, path, type, &reason, &is_new, &why);
	if (!node && why.kind == ERR_SYSTEM)
		*err = why;
	else if (!node)
		refuse(laying, name,
		       "another kind of thing has its name, or stands where a "
		       "directory must be",
		       err);
	else if (!is_new && type != NODE_DIR) {
		refuse(laying, name, "two members of one name", err);
		return NULL;
	}
	return node;
}

static int check_bounds(struct laying *laying, struct err *err)
{
	if (++laying->laid->n_members <= MEMBERS_MAX &&
	    laying->n_names <= NAMES_MAX)
		return 0;
	return err_set(err, ERR_INPUT,
		       "%s: more than %d members or %d MiB of names",
		       laying->laid->name, MEMBERS_MAX, NAMES_MAX >> 20);
}

static int lay_member(struct laying *laying, struct archive_entry *entry,
		      struct err *err)
{
	const char *name = archive_entry_pathname(entry);
	auto_free char *path = tree_path(laying, name, err);
	enum node_type type;
	struct node *node;

	if (!path)
		return -1;
	laying->n_names += strlen(path);
	if (check_bounds(laying, err) < 0)
		return -1;
	if (!node_type_of_entry(entry, &type))
		return refuse(laying, name,
			      "neither file, directory, link, character device "
			      "nor FIFO",
			      err);
	node = add_node(laying, name, path, type, err);
	if (!node || set_numbers(laying, node, entry, err) < 0 ||
	    set_target(laying, node, entry, err) < 0 ||
	    look_at_attributes(laying, entry, err) < 0)
		return -1;
	return set_content(laying, node, entry, err);
}

static la_ssize_t read_stream(struct archive *archive, void *context,
			      const void **data)
{
	struct laying *laying = context;
	size_t len;
	int error = 0;

	if (tar_stream_next(laying->stream, data, &len, laying->stream_err) ==
	    0) {
		if (laying->spool.copy >= 0)
			error = fd_write_full(laying->spool.copy, *data, len);
		if (error == 0)
			return (la_ssize_t)len;
		err_sys(laying->stream_err, -error, "decompress %s",
			laying->laid->name);
	}
	archive_set_error(archive, EIO, "%s", laying->stream_err->msg);
	return -1;
}

static int lay_members(struct laying *laying, struct err *err)
{
	auto_of(archive_entry) struct archive_entry *entry =
		archive_entry_new();
	int status;

	if (!entry || !laying->archive)
		return no_memory(laying, err);
	if (archive_read_support_format_tar(laying->archive) != ARCHIVE_OK ||
	    archive_read_open(laying->archive, laying, NULL, read_stream,
			      NULL) != ARCHIVE_OK)
		return broken(laying, err);
	while ((status = archive_read_next_header2(laying->archive, entry)) ==
		       ARCHIVE_OK ||
	       status == ARCHIVE_WARN)
		if (status == ARCHIVE_WARN)
			return broken(laying, err);
		else if (lay_member(laying, entry, err) < 0)
			return -1;
	return status == ARCHIVE_EOF ? 0 : broken(laying, err);
}

static int lay_stream(struct laying *laying, struct err *err)
{
	auto_of(tar_stream) struct tar_stream *stream = NULL;
	struct err stream_err = {0};
	int status;

	if (tar_stream_open(laying->spool.from, laying->laid->name, &stream,
			    err) < 0)
		return -1;
	laying->stream = stream;
	laying->stream_err = &stream_err;
	laying->archive = archive_read_new();
	status = lay_members(laying, err);
	archive_read_free(laying->archive);
	laying->stream_err = NULL;
	if (status < 0)
		return -1;
	return tar_stream_digest(stream, laying->laid->identity, err);
}

static int open_tar(struct tar_laid *laid, const char *path, struct err *err)
{
	laid->parts = -1;
	laid->name = strdup(path);
	laid->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (!laid->name)
		return err_sys(err, ENOMEM, "%s", path);
	if (laid->fd < 0 || fstat(laid->fd, &laid->st) < 0)
		return err_sys_kind(err, ERR_INPUT, errno, "%s", path);
	if (!S_ISREG(laid->st.st_mode))
		return err_set(err, ERR_INPUT,
			       "%s: not a file; a tar is needed (jailbuild -o "
			       "NAME.tar)",
			       path);
	return 0;
}

/* Names are bytes; libarchive refuses some in the locale "C". */
static int lay_in_utf8(struct laying *laying, struct err *err)
{
	locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	locale_t before = utf8 ? uselocale(utf8) : (locale_t)0;
	int status = lay_stream(laying, err);

	if (utf8) {
		uselocale(before);
		freelocale(utf8);
	}
	return status;
}

/* Of the names of a file, the first in the tree's order has the content. */
static int settle(struct laying *laying, struct err *err)
{
	struct flaws flaws = {0};
	int status = hardlinks_settle(laying->tree, &flaws, err);

	if (status == 0 && flaws.n)
		status = err_set(err, ERR_INPUT, "%s: %s", laying->laid->name,
				 flaws.items[0] +
					 strlen(laying->request->below));
	flaws_clear(&flaws);
	return status;
}

static int open_spool(struct laying *laying, struct err *err)
{
	struct tar_laid *laid = laying->laid;
	int status =
		tar_spool_open(laid->fd, laid->st.st_size, laid->name,
			       laying->request->spool, &laying->spool, err);

	laid->parts = laying->spool.parts; /* to be closed in either case */
	return status;
}

int tar_lay(const struct tar_lay_request *request, struct tree *tree,
	    struct tar_laid **out, struct err *err)
{
	auto_of(tar_laid) struct tar_laid *laid = calloc(1, sizeof(*laid));
	struct laying laying = {.request = request, .tree = tree};
	int status;

	if (!laid)
		return err_sys(err, ENOMEM, "%s", request->path);
	laying.laid = laid;
	laid->fd = -1;
	if (open_tar(laid, request->path, err) < 0 ||
	    open_spool(&laying, err) < 0)
		return -1;
	tree_begin_batch(tree);
	status = lay_in_utf8(&laying, err);
	tree_end_batch(tree);
	if (status < 0 || settle(&laying, err) < 0)
		return -1;
	*out = TAKE(laid);
	return 0;
}

static bool same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

int tar_laid_check(const struct tar_laid *laid, struct err *err)
{
	struct stat st;

	if (fstat(laid->fd, &st) < 0)
		return err_sys_kind(err, ERR_INPUT, errno, "%s", laid->name);
	if (st.st_size == laid->st.st_size &&
	    same_time(&st.st_mtim, &laid->st.st_mtim) &&
	    same_time(&st.st_ctim, &laid->st.st_ctim))
		return 0;
	return err_set(err, ERR_INPUT,
		       "%s: changed while it was read; bake again when nothing "
		       "writes to it",
		       laid->name);
}

void tar_laid_free(struct tar_laid *laid)
{
	if (!laid)
		return;
	if (laid->parts >= 0 && laid->parts != laid->fd)
		close(laid->parts);
	if (laid->fd >= 0)
		close(laid->fd);
	free(laid->name);
	free(laid->foreign);
	flaws_clear(&laid->dropped);
	free(laid);
}
