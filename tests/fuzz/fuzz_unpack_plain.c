/*
 * What a subverted jail-unpack may send when it was asked for the plain tar.
 * Whatever comes: what is accepted is within the limits, and size and digest
 * are those of the bytes that were written.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "fdio.h"
#include "unpack_check.h"
#include "unpack_receive.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int is_true)
{
	if (!is_true)
		abort();
}

static void check_written(int fd, uint64_t size, struct sha256 *hash)
{
	auto_free char *bytes = NULL;
	char said[SHA256_HEX_SIZE], wanted[SHA256_HEX_SIZE];
	struct sha256 again;
	size_t len = 0;

	require(lseek(fd, 0, SEEK_SET) == 0 &&
		fd_read_all(fd, 1 << 24, &bytes, &len) == 0 && len == size);
	sha256_hex(hash, said);
	sha256_init(&again);
	sha256_add(&again, bytes, len);
	sha256_hex(&again, wanted);
	require(strcmp(said, wanted) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_close int in = memfd_create("records", MFD_CLOEXEC);
	auto_close int out = memfd_create("plain", MFD_CLOEXEC);
	struct unpack_job job = {.limits = {.bytes = 1000, .members = 1}};
	struct unpack_receive receive = {
		.fd = in, .job = &job, .image_size = 100};
	struct sha256 hash;
	const struct unpack_sink sink = {out, &hash};
	struct err err = {0};
	uint64_t made;

	require(in >= 0 && out >= 0 && fd_write_full(in, data, size) == 0 &&
		lseek(in, 0, SEEK_SET) == 0);
	unpack_limits_complete(&job.limits);
	sha256_init(&hash);
	if (unpack_receive_plain(&receive, &sink, &made, &err) < 0) {
		require(err.kind != ERR_NONE && err.msg[0] != '\0');
		return 0;
	}
	require(made <= 1000 + 1024);
	check_written(out, made, &hash);
	return 0;
}
