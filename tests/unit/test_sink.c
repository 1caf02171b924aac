#include "sink.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fdio.h"
#include "test.h"

static struct sink *opened(int fd, const char *filter)
{
	struct sink_options options = {
		.fd = fd, .name = "out", .filter = filter, .digest = true};
	struct sink *sink = NULL;
	struct err err = {0};

	assert_int_equal(sink_open(&options, &sink, &err), 0);
	return sink;
}

static char *content(int fd, size_t *len)
{
	char *data = NULL;

	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_int_equal(fd_read_all(fd, 64 << 20, &data, len), 0);
	return data;
}

/* What is written in pieces of any size comes out whole, also over the ends
 * of blocks. */
TEST(pieces_are_joined)
{
	enum { TOTAL = 5000000 };
	int fd = memfd_create("out", MFD_CLOEXEC);
	struct sink *sink = opened(fd, NULL);
	struct err err = {0};
	unsigned char piece[4096];
	size_t done = 0, len;
	char *data;

	for (size_t size = 1; done < TOTAL; size = size * 7 % 4093 + 1) {
		for (size_t i = 0; i < size; i++)
			piece[i] = (unsigned char)((done + i) * 31 >> 3);
		assert_int_equal(sink_write(sink, piece, size, &err), 0);
		done += size;
		assert_int_equal(sink_offset(sink), done);
	}
	assert_int_equal(sink_finish(sink, NULL, &err), 0);
	data = content(fd, &len);
	assert_int_equal(len, done);
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)data[i] != (unsigned char)(i * 31 >> 3))
			fail_msg("byte %zu differs", i);
	free(data);
	sink_free(sink);
	close(fd);
}

TEST(padding_is_zeros_up_to_a_multiple)
{
	int fd = memfd_create("out", MFD_CLOEXEC);
	struct sink *sink = opened(fd, NULL);
	struct err err = {0};
	static const char zeros[2048];
	size_t len;
	char *data;

	assert_int_equal(sink_pad(sink, 512, &err), 0);
	assert_int_equal(sink_offset(sink), 0);
	assert_int_equal(sink_write(sink, "abc", 3, &err), 0);
	assert_int_equal(sink_pad(sink, 512, &err), 0);
	assert_int_equal(sink_pad(sink, 512, &err), 0);
	assert_int_equal(sink_fill(sink, 2048, &err), 0);
	assert_int_equal(sink_finish(sink, NULL, &err), 0);
	data = content(fd, &len);
	assert_int_equal(len, 2048);
	assert_memory_equal(data, "abc", 3);
	assert_memory_equal(data + 3, zeros, 2045);
	free(data);
	sink_free(sink);
	close(fd);
}

TEST(a_short_file_is_told_by_its_length)
{
	int in = memfd_create("in", MFD_CLOEXEC);
	int out = memfd_create("out", MFD_CLOEXEC);
	struct sink *sink = opened(out, NULL);
	struct err err = {0};
	off_t got;

	assert_int_equal(ftruncate(in, 3 << 20), 0);
	assert_int_equal(sink_copy(sink, in, 4 << 20, &got, &err), 0);
	assert_int_equal(got, 3 << 20);
	assert_int_equal(sink_copy(sink, in, 1, &got, &err), 0);
	assert_int_equal(got, 0);
	assert_int_equal(sink_copy(sink, -1, 1, &got, &err), 0);
	assert_int_equal(got, -EBADF);
	sink_free(sink);
	close(in);
	close(out);
}

TEST(the_digest_is_of_what_was_put_in)
{
	static const char *const filters[] = {NULL, "zstd", "gzip", "xz"};

	for (size_t i = 0; i < 4; i++) {
		int fd = memfd_create("out", MFD_CLOEXEC);
		struct sink *sink = opened(fd, filters[i]);
		struct err err = {0};
		char digest[65];

		assert_int_equal(sink_write(sink, "abc", 3, &err), 0);
		assert_int_equal(sink_finish(sink, digest, &err), 0);
		assert_string_equal(digest, "ba7816bf8f01cfea414140de5dae2223"
					    "b00361a396177a9cb410ff61f20015ad");
		sink_free(sink);
		close(fd);
	}
}

TEST(a_write_that_fails_names_the_output_and_the_cause)
{
	static const char *const filters[] = {NULL, "zstd", "gzip", "xz"};

	for (size_t i = 0; i < 4; i++) {
		int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
		struct sink *sink = opened(fd, filters[i]);
		struct err err = {0};

		assert_int_equal(sink_write(sink, "abc", 3, &err), 0);
		assert_int_equal(sink_finish(sink, NULL, &err), -1);
		assert_int_equal(err.kind, ERR_SYSTEM);
		assert_int_equal(err.sys, ENOSPC);
		assert_string_equal(err.msg,
				    "write out: No space left on device");
		sink_free(sink);
		close(fd);
	}
}

TEST_MAIN
