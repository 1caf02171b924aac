#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "handover.h"
#include "spec.h"

struct stream {
	int from; /* -1: nothing will come any more */
	int into; /* the program's end; its process looks here, too */
	int to; /* 1 or 2 */
	int error; /* of handing on to there; the pipe was closed */
	size_t start, end;
	char buffer[HANDOVER_MOST];
};

struct output {
	uint64_t left;
	bool is_over;
	bool has_started; /* into is no descriptor of ours any more */
	bool is_joint; /* the one is for both */
	size_t n;
	struct stream streams[2];
};

static bool are_one_file(void)
{
	struct stat out, err;

	return fstat(STDOUT_FILENO, &out) == 0 &&
	       fstat(STDERR_FILENO, &err) == 0 && out.st_dev == err.st_dev &&
	       out.st_ino == err.st_ino;
}

static int open_stream(struct stream *stream, int to, struct err *err)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(err, errno, "limit output");
	stream->from = ends[0];
	stream->into = ends[1];
	stream->to = to;
	/* A signal of the caller's may make poll() promise too much. */
	if (fcntl(stream->from, F_SETFL, O_NONBLOCK) < 0)
		return err_sys(err, errno, "limit output");
	return 0;
}

/* From the first of 1 and 2 up to the last that need one. */
static int open_streams(struct output *output, const bool is_terminal[3],
			struct err *err)
{
	int fd;

	output->is_joint = !is_terminal[1] && !is_terminal[2] && are_one_file();
	for (fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++) {
		struct stream *stream = &output->streams[output->n];

		if (is_terminal[fd] || (output->is_joint && output->n))
			continue;
		output->n++;
		stream->from = stream->into = -1;
		if (open_stream(stream, fd, err) < 0)
			return -1;
	}
	return 0;
}

int output_open(const struct jail_limit *limit, const bool is_terminal[3],
		struct output **out, struct err *err)
{
	auto_of(output) struct output *output = NULL;

	if (!limit->is_set || limit->value == LIMIT_UNLIMITED)
		return 0;
	output = calloc(1, sizeof(*output));
	if (!output)
		return err_sys(err, ENOMEM, "limit output");
	output->left = limit->value;
	if (open_streams(output, is_terminal, err) < 0)
		return -1;
	*out = TAKE(output);
	return 0;
}

int output_join(const struct output *output)
{
	size_t i;

	for (i = 0; i < output->n; i++)
		if (dup2(output->streams[i].into, output->streams[i].to) < 0)
			return -errno;
	if (output->is_joint &&
	    dup2(output->streams[0].into, STDERR_FILENO) < 0)
		return -errno;
	return 0;
}

static void close_end(int *fd)
{
	if (*fd >= 0)
		close(take_fd(fd));
}

void output_start(struct output *output)
{
	size_t i;

	for (i = 0; output && i < output->n; i++)
		close(output->streams[i].into);
	if (output)
		output->has_started = true;
}

static bool is_empty(const struct stream *stream)
{
	return stream->start == stream->end;
}

void output_wants(const struct output *output, struct pollfd fds[OUTPUT_FDS])
{
	size_t i;

	for (i = 0; i < OUTPUT_FDS; i++)
		fds[i] = (struct pollfd){-1, 0, 0};
	for (i = 0; output && i < output->n; i++) {
		const struct stream *stream = &output->streams[i];

		if (is_empty(stream) && !output->is_over)
			fds[2 * i] = (struct pollfd){stream->from, POLLIN, 0};
		else if (!is_empty(stream))
			fds[2 * i + 1] =
				(struct pollfd){stream->to, POLLOUT, 0};
	}
}

/* Where it leads to takes no more: neither will the program's pipe. */
static void close_stream(struct stream *stream)
{
	close_end(&stream->from);
	stream->start = stream->end = 0;
}

size_t output_take(struct output *output, size_t n)
{
	if (!output)
		return n;
	if (n > output->left) {
		output->is_over = true;
		n = (size_t)output->left;
	}
	output->left -= n;
	return n;
}

/* False: there is nothing. */
static bool read_stream(struct output *output, struct stream *stream)
{
	ssize_t n = read(stream->from, stream->buffer, sizeof(stream->buffer));

	if (n < 0 && handover_may_retry(errno))
		return false;
	if (n <= 0) {
		stream->error = n < 0 ? errno : 0;
		close_stream(stream);
		return false;
	}
	stream->start = 0;
	stream->end = output_take(output, (size_t)n);
	return true;
}

static void write_stream(struct stream *stream)
{
	ssize_t n = write(stream->to, stream->buffer + stream->start,
			  stream->end - stream->start);

	if (n > 0) {
		stream->start += (size_t)n;
		return;
	}
	if (n < 0 && handover_may_retry(errno))
		return;
	/* Nobody reads it: that is the program's business, as ever. */
	if (n == 0 || errno != EPIPE)
		stream->error = n == 0 ? EIO : errno;
	close_stream(stream);
}

static bool has_failed(const struct output *output)
{
	size_t i;

	for (i = 0; i < output->n; i++)
		if (output->streams[i].error)
			return true;
	return false;
}

bool output_move(struct output *output, const struct pollfd fds[OUTPUT_FDS])
{
	size_t i;

	if (!output)
		return true;
	for (i = 0; i < output->n; i++) {
		struct stream *stream = &output->streams[i];

		if (fds[2 * i].revents && !output->is_over)
			read_stream(output, stream);
		if (fds[2 * i + 1].revents)
			write_stream(stream);
	}
	return !output->is_over && !has_failed(output);
}

/* False: nobody waits for it. */
static bool write_rest(struct stream *stream, const struct handover *handover)
{
	while (!is_empty(stream)) {
		if (!handover_await(handover, stream->to))
			return false;
		write_stream(stream);
	}
	return true;
}

/*
 * All that the jail wrote is in the pipe by now.  Whoever else may have its
 * other end is not waited for.
 */
void output_end(struct output *output, const struct handover *handover)
{
	size_t i;

	for (i = 0; output && i < output->n; i++) {
		struct stream *stream = &output->streams[i];

		while (write_rest(stream, handover) && stream->from >= 0 &&
		       !output->is_over && read_stream(output, stream))
			continue;
		close_stream(stream);
	}
}

bool output_is_over(const struct output *output)
{
	return output && output->is_over;
}

int output_check(const struct output *output, struct err *err)
{
	size_t i;

	for (i = 0; output && i < output->n; i++)
		if (output->streams[i].error)
			return err_sys(err, output->streams[i].error,
				       output->streams[i].to == STDOUT_FILENO
					       ? "standard output"
					       : "standard error");
	return 0;
}

void output_free(struct output *output)
{
	size_t i;

	if (!output)
		return;
	for (i = 0; i < output->n; i++) {
		close_end(&output->streams[i].from);
		if (!output->has_started)
			close_end(&output->streams[i].into);
	}
	free(output);
}
