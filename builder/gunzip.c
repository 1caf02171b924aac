#include "gunzip.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <zlib.h>

#include "fdio.h"

enum { PIECE = 1 << 16, GZIP_ALONE = 16 };

struct gunzip {
	const struct gzipped *from;
	int out;
	off_t at, left; /* what was not read yet */
	off_t size; /* written so far */
	z_stream stream;
	unsigned char in[PIECE], room[PIECE];
};

static int damaged(const struct gunzip *gunzip, const char *words,
		   struct err *err)
{
	return err_set(err, ERR_INPUT, "%s: cannot be unpacked (gzip): %s",
		       gunzip->from->name, words ? words : "damaged");
}

/* The next bytes of the file into an empty stream; there may be none. */
static int fill(struct gunzip *gunzip, struct err *err)
{
	size_t len = gunzip->left < PIECE ? (size_t)gunzip->left : PIECE;
	ssize_t got =
		fd_pread_full(gunzip->from->fd, gunzip->in, len, gunzip->at);

	if (got < 0)
		return err_sys_kind(err, ERR_INPUT, (int)-got, "%s",
				    gunzip->from->name);
	gunzip->at += got;
	gunzip->left -= got;
	gunzip->stream.next_in = gunzip->in;
	gunzip->stream.avail_in = (unsigned)got;
	return 0;
}

static int drain(struct gunzip *gunzip, struct err *err)
{
	size_t len = PIECE - gunzip->stream.avail_out;
	int error = fd_write_full(gunzip->out, gunzip->room, len);

	if (error < 0)
		return err_sys(err, -error, "unpack %s", gunzip->from->name);
	gunzip->size += (off_t)len;
	if (gunzip->size > gunzip->from->most)
		return err_set(err, ERR_INPUT,
			       "%s: unpacks to more than %lld MiB",
			       gunzip->from->name,
			       (long long)(gunzip->from->most >> 20));
	return 0;
}

/* One packed piece, to its end. */
static int unpack_one(struct gunzip *gunzip, struct err *err)
{
	int status = Z_OK;

	while (status != Z_STREAM_END) {
		if (gunzip->stream.avail_in == 0 && fill(gunzip, err) < 0)
			return -1;
		if (gunzip->stream.avail_in == 0)
			return damaged(gunzip, "it is cut off", err);
		gunzip->stream.next_out = gunzip->room;
		gunzip->stream.avail_out = PIECE;
		status = inflate(&gunzip->stream, Z_NO_FLUSH);
		if (status != Z_OK && status != Z_STREAM_END &&
		    status != Z_BUF_ERROR)
			return damaged(gunzip, gunzip->stream.msg, err);
		if (drain(gunzip, err) < 0)
			return -1;
	}
	return 0;
}

/* Is there another piece?  1, 0, or -1. */
static int look_on(struct gunzip *gunzip, struct err *err)
{
	for (;;) {
		if (gunzip->stream.avail_in == 0 && fill(gunzip, err) < 0)
			return -1;
		if (gunzip->stream.avail_in == 0)
			return 0;
		if (*gunzip->stream.next_in == 0x1f)
			return 1;
		if (*gunzip->stream.next_in != 0)
			return damaged(gunzip, "followed by something else",
				       err);
		gunzip->stream.next_in++;
		gunzip->stream.avail_in--;
	}
}

static int unpack_all(struct gunzip *gunzip, struct err *err)
{
	int more = 1;

	while (more > 0) {
		if (unpack_one(gunzip, err) < 0)
			return -1;
		more = look_on(gunzip, err);
		if (more > 0 && inflateReset(&gunzip->stream) != Z_OK)
			return damaged(gunzip, NULL, err);
	}
	return more;
}

int gunzip(const struct gzipped *gzipped, int out, off_t *size, struct err *err)
{
	struct gunzip *gunzip = calloc(1, sizeof(*gunzip));
	int status;

	if (!gunzip ||
	    inflateInit2(&gunzip->stream, GZIP_ALONE + MAX_WBITS) != Z_OK) {
		free(gunzip);
		return err_sys(err, ENOMEM, "%s", gzipped->name);
	}
	gunzip->from = gzipped;
	gunzip->out = out;
	gunzip->at = gzipped->offset;
	gunzip->left = gzipped->size;
	status = unpack_all(gunzip, err);
	*size = gunzip->size;
	inflateEnd(&gunzip->stream);
	free(gunzip);
	return status;
}
