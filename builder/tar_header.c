/*
 * Which way to say what a ustar header has no room for was decided by trial of
 * GNU tar, bsdtar, busybox tar and Python's tarfile:
 *
 * - Names longer than 100 bytes go to the prefix field where a slash allows
 *   it, else into GNU's 'L' and 'K' members.  A pax "path" record is UTF-8 by
 *   definition: bsdtar fails on it in the C locale and for other bytes, while
 *   the bytes of 'L' and 'K' are taken as they are by every reader.
 * - Numbers too great for octal digits are written in base 256.  busybox knows
 *   no pax record but "path" and "linkpath"; base 256 is read by all.
 * - User and group names are empty: each reader then takes the numbers, and
 *   nothing depends on who is called what where the image is made or read.
 */
#include "tar_header.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "filecaps.h"

struct ustar {
	char name[100];
	char mode[8];
	char uid[8];
	char gid[8];
	char size[12];
	char mtime[12];
	char checksum[8];
	char type;
	char target[100];
	char magic[6];
	char version[2];
	char user[32];
	char group[32];
	char major[8];
	char minor[8];
	char prefix[155];
	char unused[12];
};
_Static_assert(sizeof(struct ustar) == TAR_BLOCK, "a header is a block");
_Static_assert(offsetof(struct ustar, type) == TAR_TYPE_OFFSET, "as told");

static const char types[] = {
	[NODE_DIR] = '5',      [NODE_FILE] = '0', [NODE_SYMLINK] = '2',
	[NODE_HARDLINK] = '1', [NODE_CHAR] = '3', [NODE_FIFO] = '6',
};

/* Octal digits and a NUL; in base 256, marked by the top bit, if too great. */
static void put_number(char *field, size_t width, unsigned long long value)
{
	unsigned long long left = value;

	field[width - 1] = '\0';
	for (size_t i = width - 1; i-- > 0; left >>= 3)
		field[i] = (char)('0' + (left & 7));
	if (left == 0)
		return;
	for (size_t i = width; i-- > 0; value >>= 8)
		field[i] = (char)(value & 255);
	field[0] = (char)0x80;
}

/* "./", "./usr/", "./usr/bin/env": the names of members. */
static char *member_name(const struct tar_member *member)
{
	const char *path = member->node->path;
	bool wants_slash = member->type == NODE_DIR && path[1] != '\0';
	char *name;

	if (asprintf(&name, ".%s%s", path, wants_slash ? "/" : "") < 0)
		return NULL;
	return name;
}

/* What the target field says: for a hard link the name of another member. */
static char *member_target(const struct tar_member *member)
{
	char *target;

	if (!member->target)
		return strdup("");
	if (member->type == NODE_SYMLINK)
		return strdup(member->target);
	return asprintf(&target, ".%s", member->target) < 0 ? NULL : target;
}

/*
 * The slash at which a name is cut into prefix and name, the last that leaves
 * room for both; the name itself when it needs no cut, NULL when there is none.
 */
static const char *find_cut(const char *name)
{
	const struct ustar *header = NULL;
	size_t len = strlen(name);

	if (len <= sizeof(header->name))
		return name;
	for (size_t i = len - 2; i > 0; i--)
		if (name[i] == '/' && i <= sizeof(header->prefix))
			return len - i - 1 <= sizeof(header->name) ? name + i
								   : NULL;
	return NULL;
}

static bool fits_target(const char *target)
{
	const struct ustar *header = NULL;

	return strlen(target) <= sizeof(header->target);
}

static const char caps_key[] = "SCHILY.xattr." FILECAPS_NAME;

/* A pax record is "LEN KEY=VALUE\n", and LEN counts its own digits. */
static size_t record_len(const char *key, size_t value_len)
{
	size_t len = strlen(key) + value_len + 3;
	size_t with_digits = len;

	do {
		len = with_digits;
		with_digits = strlen(key) + value_len + 3 +
			      (size_t)snprintf(NULL, 0, "%zu", len);
	} while (with_digits != len);
	return len;
}

static bool has_caps(const struct tar_member *member)
{
	return member->type == NODE_FILE && member->file->caps;
}

/*
 * The record that carries a part of the index.  Its value begins with words
 * for whoever looks, and zeros up to where a block begins.
 */
static const char index_key[] = "comment=This archive is also a file system: "
				"mount -t erofs -o ro,loop FILE DIRECTORY\n";

static size_t index_len(const struct tar_member *member)
{
	return member->segment_len ? TAR_BLOCK + member->segment_len + 1 : 0;
}

/* Of the payload of a member's pax header; 0: it needs none. */
static size_t pax_len(const struct tar_member *member)
{
	return index_len(member) +
	       (has_caps(member) ? record_len(caps_key, FILECAPS_SIZE) : 0);
}

static off_t extra_size(size_t len)
{
	return (off_t)(TAR_BLOCK +
		       (len + TAR_BLOCK - 1) / TAR_BLOCK * TAR_BLOCK);
}

off_t tar_header_size(const struct tar_member *member)
{
	auto_free char *name = member_name(member);
	auto_free char *target = member_target(member);
	off_t size = TAR_BLOCK;

	if (!name || !target)
		return -1;
	if (!find_cut(name))
		size += extra_size(strlen(name) + 1);
	if (!fits_target(target))
		size += extra_size(strlen(target) + 1);
	if (pax_len(member))
		size += extra_size(pax_len(member));
	return size;
}

/* Sums the header up and puts it at *at, which moves on. */
static void put_block(struct ustar *header, char **at)
{
	const unsigned char *bytes = (const unsigned char *)header;
	unsigned sum = 0;

	memcpy(header->magic, "ustar", sizeof(header->magic));
	memcpy(header->version, "00", sizeof(header->version));
	memset(header->checksum, ' ', sizeof(header->checksum));
	for (size_t i = 0; i < sizeof(*header); i++)
		sum += bytes[i];
	put_number(header->checksum, sizeof(header->checksum) - 1, sum);
	memcpy(*at, header, sizeof(*header));
	*at += sizeof(*header);
}

static void put_numbers(struct ustar *header, const struct node *file,
			off_t size, long long mtime)
{
	put_number(header->mode, sizeof(header->mode), file->mode & 07777);
	put_number(header->uid, sizeof(header->uid), file->uid);
	put_number(header->gid, sizeof(header->gid), file->gid);
	put_number(header->size, sizeof(header->size),
		   (unsigned long long)size);
	put_number(header->mtime, sizeof(header->mtime),
		   (unsigned long long)mtime);
	put_number(header->major, sizeof(header->major), major(file->rdev));
	put_number(header->minor, sizeof(header->minor), minor(file->rdev));
}

/* The header of a member that only tells a reader about the one behind it. */
static void put_extra(struct ustar *header, size_t len, char **at)
{
	static const struct node nobody = {0};

	put_numbers(header, &nobody, (off_t)len, 0);
	put_block(header, at);
}

static void put_bytes(const void *data, size_t len, char **at)
{
	memcpy(*at, data, len);
	*at += len;
}

/* Zeros up to a whole block behind len bytes. */
static void put_padding(size_t len, char **at)
{
	size_t over = len % TAR_BLOCK;
	size_t zeros = over ? TAR_BLOCK - over : 0;

	memset(*at, 0, zeros);
	*at += zeros;
}

static void put_long(char type, const char *name, char **at)
{
	struct ustar header = {.name = "././@LongLink", .type = type};
	size_t len = strlen(name) + 1;

	put_extra(&header, len, at);
	put_bytes(name, len, at);
	put_padding(len, at);
}

static void put_index(const struct tar_member *member, char **at)
{
	char start[TAR_BLOCK] = "";

	snprintf(start, sizeof(start), "%zu %s", index_len(member), index_key);
	put_bytes(start, sizeof(start), at);
	put_bytes(member->segment, member->segment_len, at);
	put_bytes("\n", 1, at);
}

static int put_caps(const char *caps, char **at, struct err *err)
{
	size_t len = record_len(caps_key, FILECAPS_SIZE);
	char record[sizeof(caps_key) + FILECAPS_SIZE + 16];
	unsigned char value[FILECAPS_SIZE];
	size_t n;

	if (filecaps_encode(caps, value, err) < 0)
		return -1;
	n = (size_t)sprintf(record, "%zu %s=", len, caps_key);
	memcpy(record + n, value, sizeof(value));
	record[n + sizeof(value)] = '\n';
	put_bytes(record, len, at);
	return 0;
}

static int put_pax(const struct tar_member *member, char **at, struct err *err)
{
	struct ustar header = {.name = "././@PaxHeader", .type = TAR_TYPE_PAX};
	size_t len = pax_len(member);

	put_extra(&header, len, at);
	if (member->segment_len)
		put_index(member, at);
	if (has_caps(member) && put_caps(member->file->caps, at, err) < 0)
		return -1;
	put_padding(len, at);
	return 0;
}

/* Copies what there is room for; a field need not end in a NUL. */
static void put_text(char *field, size_t width, const char *text, size_t len)
{
	memcpy(field, text, len < width ? len : width);
}

static void put_name(struct ustar *header, const char *name)
{
	const char *cut = find_cut(name);

	if (cut && cut > name) {
		put_text(header->prefix, sizeof(header->prefix), name,
			 (size_t)(cut - name));
		name = cut + 1;
	}
	put_text(header->name, sizeof(header->name), name, strlen(name));
}

int tar_header_put(const struct tar_member *member, long long mtime, char *out,
		   struct err *err)
{
	const struct node *file = member->file;
	auto_free char *name = member_name(member);
	auto_free char *target = member_target(member);
	struct ustar header = {.type = types[member->type]};

	assert(mtime >= 0); /* callers refuse a time before 1970 */
	if (!name || !target)
		return err_sys(err, ENOMEM, "%s", member->node->path);
	if (pax_len(member) && put_pax(member, &out, err) < 0)
		return -1;
	if (!find_cut(name))
		put_long('L', name, &out);
	if (!fits_target(target))
		put_long('K', target, &out);
	put_name(&header, name);
	put_text(header.target, sizeof(header.target), target, strlen(target));
	put_numbers(&header, file, member->type == NODE_FILE ? file->size : 0,
		    mtime);
	put_block(&header, &out);
	return 0;
}
