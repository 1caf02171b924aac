#include "unpack_receive.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cleanup.h"
#include "fdio.h"
#include "unpack_check.h"
#include "unpack_tree.h"

/* Room for a record and its strings; the rest is for few, large reads. */
#define BUFFER_SIZE (UNPACK_DATA_MAX + (16u << 10))

struct stream {
	struct unpack_receive *receive;
	int64_t deadline; /* milliseconds of the monotonic clock */
	size_t start, end;
	uint8_t buffer[BUFFER_SIZE];
};

/* A record and its strings. */
struct message {
	struct unpack_record record;
	char path[UNPACK_NAME_MAX + 1], target[UNPACK_NAME_MAX + 1];
};

static int64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

static struct stream *stream_new(struct unpack_receive *receive)
{
	struct stream *stream = malloc(sizeof(*stream));

	if (!stream)
		return NULL;
	stream->receive = receive;
	stream->start = stream->end = 0;
	stream->deadline = now() + 1000 * (int64_t)receive->job->limits.seconds;
	return stream;
}

static int wait_readable(const struct stream *stream, struct err *err)
{
	const struct unpack_job *job = stream->receive->job;
	struct pollfd fds[] = {
		{stream->receive->fd, POLLIN, 0},
		{job->held ? job->held->fd : -1, POLLIN, 0},
	};

	for (;;) {
		int64_t left = stream->deadline - now();
		int n;

		if (left <= 0)
			return err_set(err, ERR_INPUT,
				       "unpacking takes more than %u seconds",
				       job->limits.seconds);
		n = poll(fds, 2, left < 1000000 ? (int)left : 1000000);
		if (n > 0 && fds[1].revents)
			return err_set(err, ERR_SYSTEM,
				       "unpacking was ended by a signal");
		if (n > 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return err_sys(err, errno, "poll");
	}
}

/* More bytes behind those that are there: how many, 0 at the end, or -1. */
static ssize_t fill(struct stream *stream, struct err *err)
{
	ssize_t n;

	if (stream->start > 0) {
		memmove(stream->buffer, stream->buffer + stream->start,
			stream->end - stream->start);
		stream->end -= stream->start;
		stream->start = 0;
	}
	do {
		if (wait_readable(stream, err) < 0)
			return -1;
		n = read(stream->receive->fd, stream->buffer + stream->end,
			 sizeof(stream->buffer) - stream->end);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_sys(err, errno, "read from jail-unpack");
	stream->end += (size_t)n;
	return n;
}

static int ended_early(struct stream *stream, struct err *err)
{
	stream->receive->ended_early = true;
	return err_set(err, ERR_INPUT, "jail-unpack ended early");
}

static int take(struct stream *stream, void *to, size_t len, struct err *err)
{
	while (stream->end - stream->start < len) {
		ssize_t n = fill(stream, err);

		if (n < 0)
			return -1;
		if (n == 0)
			return ended_early(stream, err);
	}
	memcpy(to, stream->buffer + stream->start, len);
	stream->start += len;
	return 0;
}

static int misbehaves(struct err *err)
{
	return err_context(err, "jail-unpack sent a record that is wrong, as "
				"if the image had taken it over");
}

static int take_message(struct stream *stream, struct message *message,
			struct err *err)
{
	struct unpack_record *record = &message->record;

	if (take(stream, record, sizeof(*record), err) < 0)
		return -1;
	if (unpack_check_record(record, err) < 0)
		return misbehaves(err);
	if (take(stream, message->path, record->path_len, err) < 0 ||
	    take(stream, message->target, record->target_len, err) < 0)
		return -1;
	message->path[record->path_len] = '\0';
	message->target[record->target_len] = '\0';
	return 0;
}

/* The data behind a record goes to a file as it comes. */
static int take_data(struct stream *stream, size_t len,
		     const struct unpack_sink *sink, struct err *err)
{
	while (len > 0) {
		size_t n = stream->end - stream->start;
		int status;

		if (n == 0) {
			ssize_t got = fill(stream, err);

			if (got < 0)
				return -1;
			if (got == 0)
				return ended_early(stream, err);
			continue;
		}
		if (n > len)
			n = len;
		status = fd_write_full(sink->fd, stream->buffer + stream->start,
				       n);
		if (status < 0)
			return err_sys(err, -status, "write");
		if (sink->hash)
			sha256_add(sink->hash, stream->buffer + stream->start,
				   n);
		stream->start += n;
		len -= n;
	}
	return 0;
}

/* A long name keeps its beginning and its end. */
static void shorten(const char *name, char *out, size_t size)
{
	int len = (int)strlen(name), half = ((int)size - 4) / 2;

	if (len < (int)size)
		snprintf(out, size, "%s", name);
	else
		snprintf(out, size, "%.*s...%s", half, name, name + len - half);
}

static int at_member(const struct message *message, struct err *err)
{
	char name[160];

	shorten(message->path[0] ? message->path : "./", name, sizeof(name));
	return err_context(err, "member %llu \"%s\"",
			   (unsigned long long)message->record.number, name);
}

/* The helper's own words, about the archive or about itself. */
static int take_error(const struct message *message, struct err *err)
{
	const struct unpack_record *record = &message->record;
	const char *words = message->target;

	if (words[0] == '\0')
		words = "it gives no reason";
	if (record->cause == 0) {
		err_set(err, ERR_INPUT, "%.300s", words);
		return record->number ? at_member(message, err) : -1;
	}
	err_set(err, record->cause == EPERM ? ERR_HOST : ERR_SYSTEM,
		"jail-unpack: %.300s", words);
	err->sys = record->cause < 4096 ? (int)record->cause : EIO;
	return -1;
}

static int take_file(struct stream *stream, const struct message *file, int fd,
		     struct err *err)
{
	struct message piece = {.record = file->record};
	const struct unpack_sink sink = {.fd = fd};
	uint64_t left = file->record.size;

	for (;;) {
		if (piece.record.data_len > left) {
			err_set(err, ERR_INPUT, "more data than the file has");
			return misbehaves(err);
		}
		if (take_data(stream, piece.record.data_len, &sink, err) < 0)
			return -1;
		left -= piece.record.data_len;
		if (left == 0)
			return 0;
		if (take_message(stream, &piece, err) < 0)
			return -1;
		if (piece.record.kind == UNPACK_ERROR) {
			piece.record.number = 0; /* the caller names it */
			return take_error(&piece, err);
		}
		if (piece.record.kind != UNPACK_DATA ||
		    piece.record.data_len == 0) {
			err_set(err, ERR_INPUT, "a file's data is missing");
			return misbehaves(err);
		}
	}
}

static int make_member(struct stream *stream, struct unpack_tree *tree,
		       const struct message *message, struct err *err)
{
	int fd;

	if (unpack_tree_add(tree, &message->record, message->path,
			    message->target, &fd, err) < 0)
		return -1;
	if (fd < 0)
		return 0;
	if (take_file(stream, message, fd, err) < 0) {
		close(fd);
		return -1;
	}
	return unpack_tree_file_done(&message->record, message->path, fd, err);
}

/* Nothing may follow. */
static int take_hang_up(struct stream *stream, struct err *err)
{
	if (stream->start == stream->end && fill(stream, err) < 0)
		return -1;
	if (stream->start == stream->end)
		return 0;
	err_set(err, ERR_INPUT, "something follows the end");
	return misbehaves(err);
}

static int take_end(struct stream *stream, const struct message *message,
		    const struct unpack_count *count, struct unpack_result *out,
		    struct err *err)
{
	if (message->record.number != count->members ||
	    message->record.size != count->bytes ||
	    strspn(message->path, "0123456789abcdef") != 64 ||
	    message->record.path_len != 64) {
		err_set(err, ERR_INPUT, "its totals are wrong");
		return misbehaves(err);
	}
	if (take_hang_up(stream, err) < 0)
		return -1;
	out->members = count->members;
	out->bytes = count->bytes;
	memcpy(out->digest, message->path, sizeof(out->digest));
	return 0;
}

static int take_members(struct stream *stream, struct unpack_tree *tree,
			struct unpack_count *count, struct message *message,
			struct err *err)
{
	for (;;) {
		if (take_message(stream, message, err) < 0)
			return -1;
		if (message->record.kind > UNPACK_LAST_MEMBER)
			return 0;
		if (unpack_check_member(count, &message->record, message->path,
					message->target, err) < 0 ||
		    make_member(stream, tree, message, err) < 0)
			return at_member(message, err);
	}
}

int unpack_receive(struct unpack_receive *receive, struct unpack_result *out,
		   struct err *err)
{
	auto_free struct stream *stream = stream_new(receive);
	auto_of(unpack_tree) struct unpack_tree *tree = NULL;
	struct unpack_count count = {.limits = receive->job->limits,
				     .image_size = receive->image_size};
	struct unpack_result result;
	struct message message;

	if (!stream)
		return err_sys(err, ENOMEM, "unpack");
	if (unpack_tree_new(receive->job->dir_fd, &tree, err) < 0 ||
	    take_members(stream, tree, &count, &message, err) < 0)
		return -1;
	if (message.record.kind == UNPACK_ERROR)
		return take_error(&message, err);
	if (message.record.kind != UNPACK_END) {
		err_set(err, ERR_INPUT, "data without a file");
		return misbehaves(err);
	}
	if (take_end(stream, &message, &count, &result, err) < 0 ||
	    unpack_tree_finish(tree, err) < 0)
		return -1;
	*out = result;
	return 0;
}

/* One piece of the plain tar. */
static int take_plain(struct stream *stream, const struct unpack_record *record,
		      const struct unpack_sink *sink, uint64_t *bytes,
		      struct err *err)
{
	const struct unpack_receive *receive = stream->receive;

	if (record->kind != UNPACK_DATA || record->data_len == 0) {
		err_set(err, ERR_INPUT, "it is no data");
		return misbehaves(err);
	}
	*bytes += record->data_len;
	if (unpack_check_plain(&receive->job->limits, receive->image_size,
			       *bytes, err) < 0)
		return -1;
	return take_data(stream, record->data_len, sink, err);
}

int unpack_receive_plain(struct unpack_receive *receive,
			 const struct unpack_sink *sink, uint64_t *size,
			 struct err *err)
{
	auto_free struct stream *stream = stream_new(receive);
	struct message message;
	uint64_t bytes = 0;

	if (!stream)
		return err_sys(err, ENOMEM, "unpack");
	for (;;) {
		if (take_message(stream, &message, err) < 0)
			return -1;
		if (message.record.kind == UNPACK_ERROR)
			return take_error(&message, err);
		if (message.record.kind == UNPACK_END)
			break;
		if (take_plain(stream, &message.record, sink, &bytes, err) < 0)
			return -1;
	}
	if (message.record.size != bytes) {
		err_set(err, ERR_INPUT, "its totals are wrong");
		return misbehaves(err);
	}
	if (take_hang_up(stream, err) < 0)
		return -1;
	*size = bytes;
	return 0;
}
