#include "tar_stream.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "digest.h"

enum { BLOCK = 1 << 18 };

struct tar_stream {
	struct archive *raw; /* undoes the compression, knows no tar */
	struct digest *hash;
	const char *name;
	const unsigned char *left; /* of the last block */
	size_t n_left;
};

static int refuse(struct tar_stream *stream, struct err *err)
{
	const char *words = archive_error_string(stream->raw);

	return err_set(err, ERR_INPUT, "%s: %s", stream->name,
		       words ? words : "cannot be read");
}

/* One compressor at most: the images that we write have no more. */
static int check_filters(struct tar_stream *stream, struct err *err)
{
	if (archive_filter_count(stream->raw) > 2)
		return err_set(err, ERR_INPUT, "%s: compressed more than once",
			       stream->name);
	return 0;
}

static int open_raw(struct tar_stream *stream, int fd, struct err *err)
{
	struct archive_entry *entry;

	if (archive_read_support_format_raw(stream->raw) != ARCHIVE_OK ||
	    archive_read_support_filter_zstd(stream->raw) != ARCHIVE_OK ||
	    archive_read_support_filter_gzip(stream->raw) != ARCHIVE_OK ||
	    archive_read_support_filter_xz(stream->raw) != ARCHIVE_OK ||
	    archive_read_open_fd(stream->raw, fd, BLOCK) != ARCHIVE_OK ||
	    archive_read_next_header(stream->raw, &entry) != ARCHIVE_OK)
		return refuse(stream, err);
	return check_filters(stream, err);
}

int tar_stream_open(int fd, const char *name, struct tar_stream **out,
		    struct err *err)
{
	auto_of(tar_stream) struct tar_stream *stream =
		calloc(1, sizeof(*stream));

	if (!stream)
		return err_sys(err, ENOMEM, "%s", name);
	stream->name = name;
	stream->raw = archive_read_new();
	if (!stream->raw)
		return err_sys(err, ENOMEM, "%s", name);
	if (digest_new(&stream->hash, err) < 0)
		return -1;
	if (lseek(fd, 0, SEEK_SET) < 0)
		return err_sys_kind(err, ERR_INPUT, errno, "%s", name);
	if (open_raw(stream, fd, err) < 0)
		return -1;
	*out = TAKE(stream);
	return 0;
}

void tar_stream_free(struct tar_stream *stream)
{
	if (!stream)
		return;
	archive_read_free(stream->raw);
	digest_free(stream->hash);
	free(stream);
}

int tar_stream_next(struct tar_stream *stream, const void **data, size_t *len,
		    struct err *err)
{
	la_int64_t offset;
	int status;

	if (stream->n_left > 0) {
		*data = stream->left;
		*len = stream->n_left;
		stream->n_left = 0;
		return 0;
	}
	do {
		*len = 0;
		status = archive_read_data_block(stream->raw, data, len,
						 &offset);
		if (status == ARCHIVE_EOF) {
			*len = 0;
			return 0;
		}
		if (status != ARCHIVE_OK)
			return refuse(stream, err);
	} while (*len == 0);
	return digest_add(stream->hash, *data, *len, err);
}

/* As tar_stream_next(), but at most `want` bytes. */
static int next_part(struct tar_stream *stream, size_t want, const void **data,
		     size_t *len, struct err *err)
{
	if (tar_stream_next(stream, data, len, err) < 0)
		return -1;
	if (*len > want) {
		stream->left = (const unsigned char *)*data + want;
		stream->n_left = *len - want;
		*len = want;
	}
	return 0;
}

int tar_stream_read(struct tar_stream *stream, void *data, size_t len,
		    size_t *got, struct err *err)
{
	const void *block;
	size_t n = 1;

	for (*got = 0; *got < len && n > 0; *got += n) {
		if (next_part(stream, len - *got, &block, &n, err) < 0)
			return -1;
		if (n > 0)
			memcpy((char *)data + *got, block, n);
	}
	return 0;
}

int tar_stream_skip(struct tar_stream *stream, off_t len, off_t *got,
		    struct err *err)
{
	const void *block;
	size_t n = 1;

	for (*got = 0; *got < len && n > 0; *got += (off_t)n)
		if (next_part(stream, (size_t)(len - *got), &block, &n, err) <
		    0)
			return -1;
	return 0;
}

int tar_stream_digest(struct tar_stream *stream, char digest[65],
		      struct err *err)
{
	const void *data;
	size_t len;

	do {
		if (tar_stream_next(stream, &data, &len, err) < 0)
			return -1;
	} while (len > 0);
	return digest_end(stream->hash, digest, err);
}
