/*
 * Members come in the tree's order, in which a directory stands before what is
 * in it.  All names of a file have its inode number; the last of them carries
 * the content, as cpio itself does it: both it and the kernel then make the
 * links whatever the size.
 */
#include "cpio.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "content.h"

enum { HEADER = 110, ALIGN = 4, PATH_SHOWN = 200 };

static const char magic[] = "070701";
static const char trailer[] = "TRAILER!!!";

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

/* The kernel leaves out what it cannot make, and boots without it. */
static bool has_long_part(const struct node *node)
{
	for (const char *part = member_name(node); *part;) {
		size_t len = strcspn(part, "/");

		if (len > NAME_MAX)
			return true;
		part += len + (part[len] == '/');
	}
	return false;
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
	{has_long_name,
	 "a path of more than 4095 bytes, which no kernel takes"},
	{has_long_part, "a name of more than 255 bytes, which no kernel takes"},
	{has_long_target, "a link's target too long for the kernel"},
	{is_too_large, "4 GiB or more, for which cpio has no room"},
	{has_caps, "file capabilities, which cpio cannot hold"},
};

static int check_node(const struct node *node, const char *remedy,
		      struct err *err)
{
	for (size_t i = 0; i < sizeof(refusals) / sizeof(*refusals); i++)
		if (refusals[i].applies(node))
			return err_set(err, ERR_MANIFEST, "%.*s%s: %s%s",
				       PATH_SHOWN, node->path,
				       strlen(node->path) > PATH_SHOWN ? "..."
								       : "",
				       refusals[i].words, remedy);
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

static off_t member_size(const struct cpio *cpio, size_t index)
{
	const char *name = member_name(cpio->tree->nodes[index]);

	return round_up(HEADER + 1 + (off_t)strlen(name)) +
	       round_up(body_size(cpio, index));
}

/* The root is the tree's first node. */
static size_t first_member(const struct cpio *cpio)
{
	return cpio->without_root ? 1 : 0;
}

int cpio_check(const struct cpio *cpio, off_t *size, struct err *err)
{
	off_t over;

	*size = round_up(HEADER + (off_t)sizeof(trailer));
	if (cpio->mtime > UINT32_MAX)
		return err_set(err, ERR_USAGE,
			       "cpio has no room for times after 2106");
	for (size_t i = first_member(cpio); i < cpio->tree->n; i++) {
		if (check_node(cpio->tree->nodes[i], cpio->remedy, err) < 0)
			return -1;
		*size += member_size(cpio, i);
	}
	over = *size % CPIO_END_ALIGN;
	*size += over ? CPIO_END_ALIGN - over : 0;
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
		    struct sink *sink, struct err *err)
{
	if (node->type == NODE_SYMLINK)
		return sink_write(sink, node->target, strlen(node->target),
				  err);
	return content_put(node, cpio->source, sink, err);
}

static int put_member(const struct cpio *cpio, size_t index, struct sink *sink,
		      struct err *err)
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

	if (put_header(sink, header, name, err) < 0)
		return -1;
	if (has_body && put_body(cpio, file, sink, err) < 0)
		return -1;
	return sink_pad(sink, ALIGN, err);
}

int cpio_put(const struct cpio *cpio, struct sink *sink, struct err *err)
{
	const struct header end = {.n_links = 1};

	for (size_t i = first_member(cpio); i < cpio->tree->n; i++)
		if (put_member(cpio, i, sink, err) < 0)
			return -1;
	if (put_header(sink, end, trailer, err) < 0)
		return -1;
	return sink_pad(sink, CPIO_END_ALIGN, err);
}
