#include "sink.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cpus.h"
#include "digest.h"
#include "fdio.h"

enum { BLOCK = 1 << 20, MAX_THREADS = 8 };

struct sink {
	struct sink_options options;
	struct archive *filter; /* NULL: straight to the file */
	struct digest *hash; /* NULL: none wanted */
	off_t offset;
	size_t used;
	unsigned char block[BLOCK];
};

/*
 * Both zstd and xz give other bytes with one thread than with several, but the
 * same for any number of several.  zstd counts its workers apart from us: one
 * is already "several".
 */
static unsigned count_threads(unsigned least)
{
	unsigned n = cpus_usable();

	if (n < least)
		n = least;
	return n > MAX_THREADS ? MAX_THREADS : n;
}

static const struct filter {
	const char *name;
	int (*add)(struct archive *);
	const char *level;
	unsigned least_threads; /* 0: the compressor knows no threads */
	bool has_timestamp;
} filters[] = {
	{"zstd", archive_write_add_filter_zstd, "9", 1, false},
	{"gzip", archive_write_add_filter_gzip, "6", 0, true},
	{"xz", archive_write_add_filter_xz, "6", 2, false},
};

static const struct filter *find_filter(const char *name)
{
	for (size_t i = 0; i < sizeof(filters) / sizeof(*filters); i++)
		if (strcmp(filters[i].name, name) == 0)
			return &filters[i];
	return NULL;
}

static int filter_failed(struct sink *sink, struct err *err)
{
	int sys = archive_errno(sink->filter);
	const char *words = archive_error_string(sink->filter);

	if (sys > 0)
		return err_sys(err, sys, "write %s", sink->options.name);
	return err_set(err, ERR_SYSTEM, "write %s: %s", sink->options.name,
		       words ? words : "compressor failed");
}

static ssize_t write_filtered(struct archive *archive, void *context,
			      const void *data, size_t len)
{
	struct sink *sink = context;
	int error = fd_write_full(sink->options.fd, data, len);

	if (error == 0)
		return (ssize_t)len;
	archive_set_error(archive, -error, "write");
	return -1;
}

static int set_filter(struct archive *archive, const struct filter *filter)
{
	char number[16];

	if (filter->add(archive) != ARCHIVE_OK ||
	    archive_write_set_filter_option(archive, filter->name,
					    "compression-level",
					    filter->level) != ARCHIVE_OK)
		return -1;
	if (filter->has_timestamp &&
	    archive_write_set_filter_option(archive, filter->name, "timestamp",
					    NULL) != ARCHIVE_OK)
		return -1;
	if (filter->least_threads == 0)
		return 0;
	snprintf(number, sizeof(number), "%u",
		 count_threads(filter->least_threads));
	return archive_write_set_filter_option(archive, filter->name, "threads",
					       number);
}

/* A "raw" archive has one member and adds nothing to its bytes. */
static int open_raw(struct sink *sink)
{
	struct archive_entry *entry;
	int status;

	if (archive_write_set_format_raw(sink->filter) != ARCHIVE_OK ||
	    archive_write_set_bytes_per_block(sink->filter, BLOCK) !=
		    ARCHIVE_OK ||
	    archive_write_set_bytes_in_last_block(sink->filter, 1) !=
		    ARCHIVE_OK ||
	    archive_write_open(sink->filter, sink, NULL, write_filtered,
			       NULL) != ARCHIVE_OK)
		return -1;
	entry = archive_entry_new();
	if (!entry)
		return -1;
	archive_entry_set_filetype(entry, AE_IFREG);
	archive_entry_set_pathname(entry, "tar");
	status = archive_write_header(sink->filter, entry);
	archive_entry_free(entry);
	return status == ARCHIVE_OK ? 0 : -1;
}

static int open_filter(struct sink *sink, struct err *err)
{
	const struct filter *filter = find_filter(sink->options.filter);

	sink->filter = archive_write_new();
	if (!filter || !sink->filter)
		return err_sys(err, filter ? ENOMEM : EINVAL, "compress %s",
			       sink->options.name);
	if (set_filter(sink->filter, filter) != 0 || open_raw(sink) < 0)
		return filter_failed(sink, err);
	return 0;
}

int sink_open(const struct sink_options *options, struct sink **out,
	      struct err *err)
{
	auto_of(sink) struct sink *sink = malloc(sizeof(*sink));

	if (!sink)
		return err_sys(err, ENOMEM, "%s", options->name);
	memset(sink, 0, offsetof(struct sink, block));
	sink->options = *options;
	if (options->digest && digest_new(&sink->hash, err) < 0)
		return -1;
	if (options->filter && open_filter(sink, err) < 0)
		return -1;
	*out = TAKE(sink);
	return 0;
}

void sink_free(struct sink *sink)
{
	if (!sink)
		return;
	archive_write_free(sink->filter);
	digest_free(sink->hash);
	free(sink);
}

static int flush(struct sink *sink, struct err *err)
{
	size_t used = sink->used;
	int error;

	if (sink->hash && digest_add(sink->hash, sink->block, used, err) < 0)
		return -1;
	if (sink->options.tap && sink->options.tap(sink->options.context,
						   sink->block, used, err) < 0)
		return -1;
	sink->used = 0;
	if (!sink->filter) {
		error = fd_write_full(sink->options.fd, sink->block, used);
		if (error < 0)
			return err_sys(err, -error, "write %s",
				       sink->options.name);
	} else if (archive_write_data(sink->filter, sink->block, used) !=
		   (ssize_t)used) {
		return filter_failed(sink, err);
	}
	if (sink->options.progress)
		sink->options.progress(sink->options.context, sink->offset,
				       sink->options.total);
	return 0;
}

/* len bytes were put behind the used ones. */
static int advance(struct sink *sink, size_t len, struct err *err)
{
	sink->used += len;
	sink->offset += (off_t)len;
	return sink->used == BLOCK ? flush(sink, err) : 0;
}

static size_t room_for(const struct sink *sink, size_t len)
{
	return len < BLOCK - sink->used ? len : BLOCK - sink->used;
}

int sink_write(struct sink *sink, const void *data, size_t len, struct err *err)
{
	const char *at = data;

	while (len > 0) {
		size_t n = room_for(sink, len);

		memcpy(sink->block + sink->used, at, n);
		if (advance(sink, n, err) < 0)
			return -1;
		at += n;
		len -= n;
	}
	return 0;
}

int sink_fill(struct sink *sink, off_t offset, struct err *err)
{
	while (sink->offset < offset) {
		off_t left = offset - sink->offset;
		size_t n = room_for(sink, left < BLOCK ? (size_t)left
						       : (size_t)BLOCK);

		memset(sink->block + sink->used, 0, n);
		if (advance(sink, n, err) < 0)
			return -1;
	}
	return 0;
}

int sink_pad(struct sink *sink, size_t align, struct err *err)
{
	off_t over = sink->offset % (off_t)align;

	return over ? sink_fill(sink, sink->offset + (off_t)align - over, err)
		    : 0;
}

int sink_copy(struct sink *sink, int fd, off_t size, off_t *got,
	      struct err *err)
{
	*got = 0;
	while (*got < size) {
		off_t left = size - *got;
		size_t want = room_for(sink, left < BLOCK ? (size_t)left
							  : (size_t)BLOCK);
		ssize_t n = fd_read_full(fd, sink->block + sink->used, want);

		if (n < 0) {
			*got = n;
			break;
		}
		*got += n;
		if (n > 0 && advance(sink, (size_t)n, err) < 0)
			return -1;
		if ((size_t)n < want)
			break;
	}
	return 0;
}

off_t sink_offset(const struct sink *sink)
{
	return sink->offset;
}

int sink_finish(struct sink *sink, char *digest, struct err *err)
{
	if (sink->used > 0 && flush(sink, err) < 0)
		return -1;
	if (sink->filter && archive_write_close(sink->filter) != ARCHIVE_OK)
		return filter_failed(sink, err);
	return sink->hash && digest ? digest_end(sink->hash, digest, err) : 0;
}
