#include "decompress.h"

#include <errno.h>
#define ZLIB_CONST
#include <lzma.h>
#include <stdbool.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "fdio.h"
#include "packing.h"

#define CHUNK (256u << 10)
/* Enough for `xz -9` and `zstd --ultra -22` without --long. */
#define MEMORY_MAX (160u << 20)

struct codec;

struct decompress {
	int fd;
	const struct codec *codec; /* NULL: not yet known */
	const uint8_t *at; /* packed bytes not yet used */
	size_t left;
	bool is_end; /* of the packed bytes */
	bool is_whole; /* the codec is between two of its streams */
	z_stream gzip;
	lzma_stream xz;
	ZSTD_DStream *zstd;
	uint8_t *in, *out;
};

/*
 * step() makes up to CHUNK bytes of output from at/left, which are empty only
 * when is_end, and returns how many; -1 with err filled.
 */
struct codec {
	const char *name;
	/* NULL: plain */
	int (*start)(struct decompress *, struct err *);
	long (*step)(struct decompress *, struct err *);
};

static long damaged(const struct decompress *decompress, const char *words,
		    struct err *err)
{
	return err_set(err, ERR_INPUT, "damaged %s data: %s",
		       decompress->codec->name, words);
}

static int gzip_start(struct decompress *decompress, struct err *err)
{
	if (inflateInit2(&decompress->gzip, 16 + MAX_WBITS) != Z_OK)
		return err_set(err, ERR_SYSTEM, "out of memory");
	return 0;
}

static long gzip_step(struct decompress *decompress, struct err *err)
{
	z_stream *gzip = &decompress->gzip;
	int status;

	if (decompress->is_whole && decompress->left > 0)
		inflateReset(gzip); /* another stream, or "bad header" */
	gzip->next_in = decompress->at; /* ZLIB_CONST */
	gzip->avail_in = (uInt)decompress->left;
	gzip->next_out = decompress->out;
	gzip->avail_out = CHUNK;
	status = inflate(gzip, Z_NO_FLUSH);
	decompress->at = gzip->next_in;
	decompress->left = gzip->avail_in;
	decompress->is_whole = status == Z_STREAM_END;
	if (status == Z_MEM_ERROR)
		return err_set(err, ERR_SYSTEM, "out of memory");
	if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR)
		return damaged(decompress, gzip->msg ? gzip->msg : "?", err);
	return (long)(CHUNK - gzip->avail_out);
}

static int xz_start(struct decompress *decompress, struct err *err)
{
	if (lzma_stream_decoder(&decompress->xz, MEMORY_MAX,
				LZMA_CONCATENATED) != LZMA_OK)
		return err_set(err, ERR_SYSTEM, "out of memory");
	return 0;
}

static long xz_step(struct decompress *decompress, struct err *err)
{
	lzma_stream *xz = &decompress->xz;
	lzma_ret status;

	xz->next_in = decompress->at;
	xz->avail_in = decompress->left;
	xz->next_out = decompress->out;
	xz->avail_out = CHUNK;
	status = lzma_code(xz, decompress->is_end ? LZMA_FINISH : LZMA_RUN);
	decompress->at = xz->next_in;
	decompress->left = xz->avail_in;
	decompress->is_whole = status == LZMA_STREAM_END;
	switch (status) {
	case LZMA_OK:
	case LZMA_STREAM_END:
	case LZMA_BUF_ERROR:
		return (long)(CHUNK - xz->avail_out);
	case LZMA_MEM_ERROR:
		return err_set(err, ERR_SYSTEM, "out of memory");
	case LZMA_MEMLIMIT_ERROR:
		return damaged(decompress, "its dictionary is too large", err);
	default:
		return damaged(decompress, "a checksum or header is wrong",
			       err);
	}
}

static int zstd_start(struct decompress *decompress, struct err *err)
{
	decompress->zstd = ZSTD_createDStream();
	if (!decompress->zstd)
		return err_set(err, ERR_SYSTEM, "out of memory");
	return 0;
}

static long zstd_step(struct decompress *decompress, struct err *err)
{
	ZSTD_inBuffer in = {decompress->at, decompress->left, 0};
	ZSTD_outBuffer out = {decompress->out, CHUNK, 0};
	size_t status = ZSTD_decompressStream(decompress->zstd, &out, &in);

	if (ZSTD_isError(status))
		return damaged(decompress, ZSTD_getErrorName(status), err);
	if (in.pos > 0 || out.pos > 0)
		decompress->is_whole = status == 0;
	decompress->at += in.pos;
	decompress->left -= in.pos;
	return (long)out.pos;
}

static const struct codec codecs[] = {
	[PACKING_NONE] = {.name = "tar"},
	[PACKING_GZIP] = {"gzip", gzip_start, gzip_step},
	[PACKING_XZ] = {"xz", xz_start, xz_step},
	[PACKING_ZSTD] = {"zstd", zstd_start, zstd_step},
};

/* Packed bytes in at/left, or is_end. */
static int fill(struct decompress *decompress, struct err *err)
{
	ssize_t n;

	if (decompress->left > 0 || decompress->is_end)
		return 0;
	n = decompress->fd < 0
		    ? 0
		    : fd_read_full(decompress->fd, decompress->in, CHUNK);
	if (n < 0)
		return err_sys(err, (int)-n, "read");
	decompress->at = decompress->in;
	decompress->left = (size_t)n;
	decompress->is_end = n < (ssize_t)CHUNK;
	return 0;
}

static int find_codec(struct decompress *decompress, struct err *err)
{
	if (fill(decompress, err) < 0)
		return -1;
	decompress->codec =
		&codecs[packing_of(decompress->at, decompress->left)];
	if (decompress->left == 0)
		return err_set(err, ERR_INPUT, "the file is empty");
	if (!decompress->codec->start)
		return 0;
	decompress->out = malloc(CHUNK);
	if (!decompress->out)
		return err_sys(err, ENOMEM, "unpack");
	return decompress->codec->start(decompress, err);
}

int decompress_new(int fd, const uint8_t *data, size_t len,
		   struct decompress **out, struct err *err)
{
	auto_of(decompress) struct decompress *made = calloc(1, sizeof(*made));

	if (made && fd >= 0)
		made->in = malloc(CHUNK);
	if (!made || (fd >= 0 && !made->in))
		return err_set(err, ERR_SYSTEM, "out of memory");
	made->fd = fd;
	made->at = data;
	made->left = len;
	made->is_end = fd < 0;
	*out = TAKE(made);
	return 0;
}

void decompress_free(struct decompress *decompress)
{
	if (!decompress)
		return;
	inflateEnd(&decompress->gzip);
	lzma_end(&decompress->xz);
	ZSTD_freeDStream(decompress->zstd);
	free(decompress->in);
	free(decompress->out);
	free(decompress);
}

static int read_packed(struct decompress *decompress, const uint8_t **data,
		       size_t *len, struct err *err)
{
	for (;;) {
		size_t before;
		long made;

		if (fill(decompress, err) < 0)
			return -1;
		if (decompress->is_end && decompress->left == 0 &&
		    decompress->is_whole)
			return 0;
		before = decompress->left;
		made = decompress->codec->step(decompress, err);
		if (made < 0)
			return -1;
		*data = decompress->out;
		*len = (size_t)made;
		if (made > 0)
			return 0;
		if (decompress->is_end && before == 0 && !decompress->is_whole)
			return (int)damaged(decompress, "it is cut off", err);
	}
}

int decompress_read(void *context, const uint8_t **data, size_t *len,
		    struct err *err)
{
	struct decompress *decompress = context;

	*len = 0;
	if (!decompress->codec && find_codec(decompress, err) < 0)
		return -1;
	if (decompress->codec->step)
		return read_packed(decompress, data, len, err);
	if (fill(decompress, err) < 0)
		return -1;
	*data = decompress->at;
	*len = decompress->left;
	decompress->left = 0;
	return 0;
}
