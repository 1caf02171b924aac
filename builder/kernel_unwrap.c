#include "kernel_unwrap.h"

#include <archive.h>
#include <archive_entry.h>
#include <endian.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "cleanup.h"
#include "fdio.h"
#include "gunzip.h"
#include "outfile.h"

enum {
	ZBOOT_HEAD = 56,
	ZBOOT_MAGIC = 4, /* "zimg", behind "MZ" */
	ZBOOT_PAYLOAD = 8, /* offset, then size, 32 bits each */
	ZBOOT_TYPE = 24, /* name of the compressor */
	ZBOOT_TYPE_SIZE = 32,
	PIECE = 1 << 16,
};
#define KERNEL_MAX (INT64_C(1) << 30)

/* What we can undo: as the file calls it, and for what is said. */
static const struct method {
	const char *type, *wrapping;
	int (*support)(struct archive *archive); /* NULL: gzip */
} methods[] = {
	{"gzip", "EFI zboot, gzip", NULL},
	{"xzkern", "EFI zboot, xz", archive_read_support_filter_xz},
	{"zstd22", "EFI zboot, zstd", archive_read_support_filter_zstd},
	{"zstd", "EFI zboot, zstd", archive_read_support_filter_zstd},
};
static const struct method plain_gzip = {"gzip", "gzip", NULL};

struct wrapped {
	int fd;
	const char *name;
	const struct method *method; /* NULL: it is not wrapped */
	off_t at, left;
	char piece[PIECE];
};

static la_ssize_t read_piece(struct archive *archive, void *context,
			     const void **data)
{
	struct wrapped *wrapped = context;
	size_t len = wrapped->left < PIECE ? (size_t)wrapped->left : PIECE;
	ssize_t got =
		fd_pread_full(wrapped->fd, wrapped->piece, len, wrapped->at);

	if (got < 0) {
		archive_set_error(archive, (int)-got, "read");
		return -1;
	}
	wrapped->at += got;
	wrapped->left -= got;
	*data = wrapped->piece;
	return got;
}

static int damaged(const struct wrapped *wrapped, const char *words,
		   struct err *err)
{
	return err_set(err, ERR_INPUT, "%s: cannot be unwrapped (%s): %s",
		       wrapped->name, wrapped->method->wrapping,
		       words ? words : "damaged");
}

static int put(const struct wrapped *wrapped, int out, const void *data,
	       size_t len, off_t *size, struct err *err)
{
	int error = fd_write_full(out, data, len);

	if (error < 0)
		return err_sys(err, -error, "unwrap %s", wrapped->name);
	*size += (off_t)len;
	if (*size > KERNEL_MAX)
		return err_set(err, ERR_INPUT, "%s: unwraps to more than 1 GiB",
			       wrapped->name);
	return 0;
}

static int copy_out(const struct wrapped *wrapped, struct archive *archive,
		    int out, off_t *size, struct err *err)
{
	struct archive_entry *entry;
	const void *data;
	la_int64_t offset;
	size_t len;
	int status;

	if (archive_read_next_header(archive, &entry) != ARCHIVE_OK)
		return damaged(wrapped, archive_error_string(archive), err);
	while ((status = archive_read_data_block(archive, &data, &len,
						 &offset)) == ARCHIVE_OK)
		if (put(wrapped, out, data, len, size, err) < 0)
			return -1;
	return status == ARCHIVE_EOF
		       ? 0
		       : damaged(wrapped, archive_error_string(archive), err);
}

static int decompress(struct wrapped *wrapped, int out, off_t *size,
		      struct err *err)
{
	struct archive *archive = archive_read_new();
	int status;

	if (!archive)
		return err_sys(err, ENOMEM, "%s", wrapped->name);
	if (archive_read_support_format_raw(archive) != ARCHIVE_OK ||
	    wrapped->method->support(archive) != ARCHIVE_OK ||
	    archive_read_open(archive, wrapped, NULL, read_piece, NULL) !=
		    ARCHIVE_OK)
		status = damaged(wrapped, archive_error_string(archive), err);
	else
		status = copy_out(wrapped, archive, out, size, err);
	archive_read_free(archive);
	return status;
}

static int unpack(struct wrapped *wrapped, int out, off_t *size,
		  struct err *err)
{
	const struct gzipped gzipped = {
		.fd = wrapped->fd,
		.name = wrapped->name,
		.offset = wrapped->at,
		.size = wrapped->left,
		.most = KERNEL_MAX,
	};

	return gunzip(&gzipped, out, size, err);
}

static uint32_t get32(const unsigned char *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return le32toh(value);
}

static int find_zboot(struct wrapped *wrapped, const unsigned char *head,
		      off_t size, struct err *err)
{
	char type[ZBOOT_TYPE_SIZE + 1] = {0};

	wrapped->at = get32(head + ZBOOT_PAYLOAD);
	wrapped->left = get32(head + ZBOOT_PAYLOAD + 4);
	memcpy(type, head + ZBOOT_TYPE, ZBOOT_TYPE_SIZE);
	if (wrapped->at > size || wrapped->left > size - wrapped->at)
		return err_set(err, ERR_INPUT,
			       "%s: an EFI zboot image that is cut off",
			       wrapped->name);
	for (size_t i = 0; i < sizeof(methods) / sizeof(*methods); i++)
		if (strcmp(methods[i].type, type) == 0)
			wrapped->method = &methods[i];
	if (wrapped->method)
		return 0;
	return err_set(err, ERR_INPUT,
		       "%s: an EFI zboot image packed by %s, which cannot be "
		       "undone here; give the Image itself (make Image)",
		       wrapped->name, type);
}

static int find_wrapping(struct wrapped *wrapped, off_t size, struct err *err)
{
	unsigned char head[ZBOOT_HEAD] = {0};
	ssize_t got = fd_pread_full(wrapped->fd, head, sizeof(head), 0);

	if (got < 0)
		return err_sys_kind(err, ERR_INPUT, (int)-got, "%s",
				    wrapped->name);
	if (memcmp(head, "MZ", 2) == 0 &&
	    memcmp(head + ZBOOT_MAGIC, "zimg", 4) == 0)
		return find_zboot(wrapped, head, size, err);
	if (memcmp(head, "\x1f\x8b", 2) == 0) {
		wrapped->method = &plain_gzip;
		wrapped->left = size;
	}
	return 0;
}

static int open_out(const char *name, const char *spool, int *out,
		    struct err *err)
{
	auto_of(outfile) struct outfile *file = NULL;

	if (!spool) {
		*out = memfd_create("kernel", MFD_CLOEXEC);
		return *out < 0 ? err_sys(err, errno, "unwrap %s", name) : 0;
	}
	if (outfile_open(spool, 0600, &file, err) < 0)
		return -1;
	*out = take_fd(&file->fd);
	return 0;
}

int kernel_unwrap(int fd, const char *name, const char *spool, int *out,
		  off_t *size, const char **wrapping, struct err *err)
{
	auto_free struct wrapped *wrapped = calloc(1, sizeof(*wrapped));
	auto_close int copy = -1;

	if (!wrapped)
		return err_sys(err, ENOMEM, "%s", name);
	wrapped->fd = fd;
	wrapped->name = name;
	if (find_wrapping(wrapped, *size, err) < 0)
		return -1;
	if (!wrapped->method)
		return 0;
	*size = 0;
	if (open_out(name, spool, &copy, err) < 0 ||
	    (wrapped->method->support ? decompress : unpack)(wrapped, copy,
							     size, err) < 0)
		return -1;
	*wrapping = wrapped->method->wrapping;
	*out = take_fd(&copy);
	return 0;
}
