#include "tar_reader.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tar_extension.h"

#define BLOCK 512
#define PAX_MAX 999999 /* what libarchive takes too */
#define END_MAX (1 << 20) /* zero bytes behind the end mark */
#define LONG_MAX_ (UNPACK_NAME_MAX + 1) /* a GNU long name and its NUL */

/* ustar's header, byte for byte. */
struct header {
	char name[100], mode[8], uid[8], gid[8], size[12], mtime[12],
		checksum[8], type, link[100], magic[8], user[32], group[32],
		major[8], minor[8], prefix[155], rest[12];
};
_Static_assert(sizeof(struct header) == BLOCK, "ustar");

static int refuse(struct err *err, const char *words)
{
	return err_set(err, ERR_INPUT, "%s", words);
}

void tar_init(struct tar_reader *reader, tar_source *source, void *context)
{
	memset(reader, 0, sizeof(*reader));
	reader->source = source;
	reader->context = context;
}

void tar_clear(struct tar_reader *reader)
{
	free(reader->pax);
	reader->pax = NULL;
}

/* At least one byte in at/left: 1; 0 at the end of input. */
static int more(struct tar_reader *reader, struct err *err)
{
	if (reader->left > 0)
		return 1;
	if (reader->source(reader->context, &reader->at, &reader->left, err) <
	    0)
		return -1;
	return reader->left > 0;
}

/* len bytes into to: 1; 0 when input ended before the first. */
static int take(struct tar_reader *reader, void *to, size_t len,
		struct err *err)
{
	size_t got = 0;

	while (got < len) {
		size_t n = len - got;
		int is_more = more(reader, err);

		if (is_more < 0)
			return -1;
		if (!is_more && got == 0)
			return 0;
		if (!is_more)
			return refuse(err, "the archive is cut off");
		if (n > reader->left)
			n = reader->left;
		memcpy((char *)to + got, reader->at, n);
		reader->at += n;
		reader->left -= n;
		got += n;
	}
	return 1;
}

static int take_block(struct tar_reader *reader, const struct header **out,
		      struct err *err)
{
	int is_there = 1;

	if (reader->left >= BLOCK) {
		*out = (const struct header *)(const void *)reader->at;
		reader->at += BLOCK;
		reader->left -= BLOCK;
		return 1;
	}
	is_there = take(reader, reader->block, BLOCK, err);
	*out = (const struct header *)(const void *)reader->block;
	return is_there;
}

/* The zero bytes that fill a member's last block. */
static int skip_padding(struct tar_reader *reader, unsigned len,
			struct err *err)
{
	char padding[BLOCK];
	int is_there = len ? take(reader, padding, len, err) : 1;

	if (is_there == 0)
		return refuse(err, "the archive is cut off");
	return is_there < 0 ? -1 : 0;
}

static unsigned padding_of(uint64_t size)
{
	return (unsigned)(-size & (BLOCK - 1));
}

static bool is_zero(const void *data, size_t len)
{
	const char *at = data;

	return len == 0 || (at[0] == 0 && memcmp(at, at + 1, len - 1) == 0);
}

/* GNU: the high bit, then a signed number, its most significant byte first. */
static int binary_number(const unsigned char *field, size_t len, int64_t *out)
{
	uint64_t value = field[0] == 0xff ? UINT64_MAX : 0;

	if (field[0] != 0x80 && field[0] != 0xff)
		return -1;
	for (size_t i = 1; i < len; i++) {
		/* the byte shifted out, and the sign, must stay as they were */
		if (i + 8 < len && field[i] != (field[0] & 0x7f ? 0xff : 0))
			return -1;
		value = value << 8 | field[i];
	}
	*out = (int64_t)value;
	return (*out < 0) == (field[0] == 0xff) ? 0 : -1;
}

static int octal_number(const char *field, size_t len, int64_t *out)
{
	size_t i = 0;
	int64_t value = 0;
	bool has_digit = false;

	while (i < len && field[i] == ' ')
		i++;
	for (; i < len && field[i] >= '0' && field[i] <= '7'; i++) {
		value = value << 3 | (field[i] - '0'); /* 12 digits: 36 bits */
		has_digit = true;
	}
	for (; i < len; i++)
		if (field[i] != ' ' && field[i] != '\0')
			return -1;
	*out = value;
	return has_digit ? 0 : -1;
}

static int number(const char *field, size_t len, const char *name,
		  int64_t least, int64_t most, int64_t *out, struct err *err)
{
	int status =
		field[0] & 0x80
			? binary_number((const unsigned char *)field, len, out)
			: octal_number(field, len, out);

	if (status < 0)
		return err_set(err, ERR_INPUT, "bad number in field %s", name);
	if (*out < least || *out > most)
		return err_set(err, ERR_INPUT,
			       "field %s is out of range (%lld)", name,
			       (long long)*out);
	return 0;
}

#define NUMBER(header, field, least, most, out, err)                           \
	number((header)->field, sizeof((header)->field), #field, least, most,  \
	       out, err)

static int check_header(const struct header *header, struct err *err)
{
	const unsigned char *bytes = (const unsigned char *)header;
	size_t at = offsetof(struct header, checksum);
	int64_t sum = 8 * (int64_t)' ', said;

	/* first, so that a stranger's file is called what it is */
	if (memcmp(header->magic, "ustar\00000", 8) != 0 &&
	    memcmp(header->magic, "ustar  ", 8) != 0)
		return refuse(err, "no ustar header here: neither a tar "
				   "archive nor one packed by gzip, xz or "
				   "zstd, or a damaged one");
	for (size_t i = 0; i < BLOCK; i++)
		sum += i >= at && i < at + 8 ? 0 : bytes[i];
	if (octal_number(header->checksum, 8, &said) < 0 || said != sum)
		return refuse(err, "wrong header checksum");
	return 0;
}

static bool is_gnu(const struct header *header)
{
	return header->magic[5] == ' ';
}

/* 'L' and 'K': the name of the next member, or of its target. */
static int read_long(struct tar_reader *reader, uint64_t size, char *to,
		     bool *is_set, struct err *err)
{
	char name[LONG_MAX_];
	int is_there;

	if (size == 0 || size > sizeof(name))
		return err_set(err, ERR_INPUT,
			       "a long name of %llu bytes (at most %u)",
			       (unsigned long long)size, UNPACK_NAME_MAX);
	is_there = take(reader, name, size, err);
	if (is_there < 0)
		return -1;
	if (!is_there)
		return refuse(err, "the archive is cut off");
	if (tar_extension_long(to, is_set, name, size, err) < 0)
		return -1;
	return skip_padding(reader, padding_of(size), err);
}

static int read_pax(struct tar_reader *reader, uint64_t size,
		    struct tar_extension *extension, struct err *err)
{
	int is_there;

	if (extension->has_pax)
		return refuse(err, "two extended headers for one member");
	extension->has_pax = true;
	if (size > PAX_MAX)
		return err_set(err, ERR_INPUT,
			       "an extended header of %llu bytes (at most %d)",
			       (unsigned long long)size, PAX_MAX);
	if (!reader->pax)
		reader->pax = malloc(PAX_MAX);
	if (!reader->pax)
		return err_sys(err, ENOMEM, "extended header");
	is_there = size ? take(reader, reader->pax, size, err) : 1;
	if (is_there == 0)
		return refuse(err, "the archive is cut off");
	if (is_there < 0 || skip_padding(reader, padding_of(size), err) < 0)
		return -1;
	return tar_extension_pax(extension, reader->pax, size, err);
}

static const struct {
	char type;
	enum unpack_kind kind;
	uint32_t format; /* the S_IFMT bits that some put into the mode */
} types[] = {
	{'0', UNPACK_FILE, S_IFREG},	 {'\0', UNPACK_FILE, S_IFREG},
	{'1', UNPACK_HARDLINK, S_IFREG}, {'2', UNPACK_SYMLINK, S_IFLNK},
	{'3', UNPACK_CHAR, S_IFCHR},	 {'4', UNPACK_BLOCK, S_IFBLK},
	{'5', UNPACK_DIR, S_IFDIR},	 {'6', UNPACK_FIFO, S_IFIFO},
};
#define N_TYPES (sizeof(types) / sizeof(types[0]))

static int unknown_type(char type, struct err *err)
{
	static const struct {
		char type;
		const char *words;
	} known[] = {
		{'S', "a sparse file is not accepted"},
		{'g', "a global extended header is not accepted"},
		{'7', "a contiguous file is not accepted"},
		{'D', "a GNU directory dump is not accepted"},
		{'M', "a piece of a multi-volume archive is not accepted"},
		{'V', "a volume label is not accepted"},
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i].type == type)
			return refuse(err, known[i].words);
	return err_set(err, ERR_INPUT, "unknown member type 0x%02x",
		       (unsigned char)type);
}

/* A leading "./" says nothing; "." is the top directory itself. */
static void drop_dot(char *path)
{
	if (strcmp(path, ".") == 0)
		path[0] = '\0';
	else if (strncmp(path, "./", 2) == 0)
		memmove(path, path + 2, strlen(path + 2) + 1);
}

static int member_names(struct tar_reader *reader, const struct header *header,
			const struct tar_extension *extension,
			enum unpack_kind kind, struct err *err)
{
	size_t n_prefix = is_gnu(header) ? 0 : strnlen(header->prefix, 155);
	size_t n_name = strnlen(header->name, 100), len;
	char *path = reader->path;

	if (!extension->has_path) {
		memcpy(path, header->prefix, n_prefix);
		if (n_prefix > 0)
			path[n_prefix++] = '/';
		memcpy(path + n_prefix, header->name, n_name);
		path[n_prefix + n_name] = '\0';
	}
	if (path[0] == '\0')
		return refuse(err, "a member without a name");
	if (kind != UNPACK_SYMLINK && kind != UNPACK_HARDLINK)
		reader->target[0] = '\0';
	else if (!extension->has_target) {
		len = strnlen(header->link, 100);
		memcpy(reader->target, header->link, len);
		reader->target[len] = '\0';
	}
	drop_dot(path);
	if (kind == UNPACK_HARDLINK)
		drop_dot(reader->target);
	len = strlen(path);
	if (kind == UNPACK_DIR && len > 1 && path[len - 1] == '/')
		path[len - 1] = '\0';
	return 0;
}

static int member_ids(const struct header *header,
		      const struct tar_extension *extension,
		      struct tar_member *out, struct err *err)
{
	int64_t uid = (int64_t)extension->uid, gid = (int64_t)extension->gid;

	if ((!extension->has_uid &&
	     NUMBER(header, uid, 0, INT32_MAX, &uid, err) < 0) ||
	    (!extension->has_gid &&
	     NUMBER(header, gid, 0, INT32_MAX, &gid, err) < 0))
		return -1;
	if (uid > INT32_MAX || gid > INT32_MAX)
		return refuse(err, "an owner's id is out of range");
	out->uid = (uint32_t)uid;
	out->gid = (uint32_t)gid;
	return 0;
}

static int member_numbers(const struct header *header,
			  const struct tar_extension *extension,
			  uint32_t format, struct tar_member *out,
			  struct err *err)
{
	int64_t mode, mtime = 0, major = 0, minor = 0;

	if (NUMBER(header, mode, 0, 0177777, &mode, err) < 0 ||
	    (!extension->has_mtime &&
	     NUMBER(header, mtime, INT64_MIN, INT64_MAX, &mtime, err) < 0) ||
	    member_ids(header, extension, out, err) < 0)
		return -1;
	if ((mode & S_IFMT) != 0 && (mode & S_IFMT) != format)
		return refuse(err, "its mode and its type disagree");
	if ((out->kind == UNPACK_CHAR || out->kind == UNPACK_BLOCK) &&
	    (NUMBER(header, major, 0, INT32_MAX, &major, err) < 0 ||
	     NUMBER(header, minor, 0, INT32_MAX, &minor, err) < 0))
		return -1;
	out->mode = (uint32_t)mode & 07777;
	out->mtime = extension->has_mtime ? extension->mtime : mtime;
	out->mtime_ns = extension->mtime_ns;
	out->dev_major = (uint32_t)major;
	out->dev_minor = (uint32_t)minor;
	return 0;
}

static int member(struct tar_reader *reader, const struct header *header,
		  const struct tar_extension *extension, uint64_t size,
		  struct tar_member *out, struct err *err)
{
	uint32_t format = 0;

	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < N_TYPES; i++)
		if (types[i].type == header->type) {
			out->kind = types[i].kind;
			format = types[i].format;
		}
	if (member_names(reader, header, extension, out->kind, err) < 0)
		return -1;
	if (out->kind == 0)
		return unknown_type(header->type, err);
	/* Not when they are read: the member's name may be behind them. */
	if (extension->has_capabilities)
		return refuse(err, "it has file capabilities, which are never "
				   "unpacked; build the image without `caps`");
	if (member_numbers(header, extension, format, out, err) < 0)
		return -1;
	if (out->kind != UNPACK_FILE && size != 0)
		return refuse(err, "data follows a member that has none");
	out->size = size;
	reader->data_left = size;
	reader->padding = padding_of(size);
	return 1;
}

/* The first zero block was read: a second, then zeros to the end of input. */
static int read_end(struct tar_reader *reader,
		    const struct tar_extension *extension, struct err *err)
{
	const struct header *block;
	int is_there = take_block(reader, &block, err);
	size_t n_zeros = 0;

	if (is_there < 0)
		return -1;
	if (!is_there || !is_zero(block, BLOCK))
		return refuse(err, "a lone zero block: the archive is cut off "
				   "or damaged");
	if (extension->has_pax || extension->has_path || extension->has_target)
		return refuse(err, "the archive ends after a member's "
				   "extended header");
	while ((is_there = take_block(reader, &block, err)) > 0) {
		if (!is_zero(block, BLOCK))
			return refuse(err, "bytes behind the end of the "
					   "archive");
		n_zeros += BLOCK;
		if (n_zeros > END_MAX)
			return refuse(err, "endless zeros behind the end of "
					   "the archive");
	}
	return is_there;
}

/* A header that says something of the next: 0, or -1; 1 if it is none. */
static int read_extension(struct tar_reader *reader,
			  const struct header *header, uint64_t size,
			  struct tar_extension *extension, struct err *err)
{
	switch (header->type) {
	case 'x':
		return read_pax(reader, size, extension, err);
	case 'L':
		return read_long(reader, size, reader->path,
				 &extension->has_path, err);
	case 'K':
		return read_long(reader, size, reader->target,
				 &extension->has_target, err);
	default:
		return 1;
	}
}

static int finish_data(struct tar_reader *reader, struct err *err)
{
	unsigned padding = reader->padding;

	reader->padding = 0;
	return skip_padding(reader, padding, err);
}

int tar_next(struct tar_reader *reader, struct tar_member *out, struct err *err)
{
	struct tar_extension extension = {.path = reader->path,
					  .target = reader->target};

	if (finish_data(reader, err) < 0)
		return -1;
	reader->path[0] = reader->target[0] = '\0';
	reader->number++;
	for (;;) {
		const struct header *header;
		int status = take_block(reader, &header, err);
		int64_t size;

		if (status < 0)
			return -1;
		if (!status)
			return refuse(err, "the archive is cut off: it has no "
					   "end mark");
		if (is_zero(header, BLOCK))
			return read_end(reader, &extension, err);
		if (check_header(header, err) < 0 ||
		    NUMBER(header, size, 0, INT64_MAX, &size, err) < 0)
			return -1;
		status = read_extension(reader, header, (uint64_t)size,
					&extension, err);
		if (status < 0)
			return -1;
		if (status > 0)
			return member(reader, header, &extension,
				      extension.has_size ? extension.size
							 : (uint64_t)size,
				      out, err);
	}
}

int tar_data(struct tar_reader *reader, size_t max, const uint8_t **data,
	     size_t *len, struct err *err)
{
	int is_more;

	*len = 0;
	if (reader->data_left == 0)
		return 0;
	is_more = more(reader, err);
	if (is_more < 0)
		return -1;
	if (!is_more)
		return refuse(err, "the archive is cut off");
	*len = max < reader->left ? max : reader->left;
	if (*len > reader->data_left)
		*len = reader->data_left;
	*data = reader->at;
	reader->at += *len;
	reader->left -= *len;
	reader->data_left -= *len;
	return 0;
}
