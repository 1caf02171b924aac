/*
 * jail-unpack: reads an image's archive from descriptor 0, writes what is in
 * it to descriptor 1 as records (unpack_record.h).
 *
 * It runs only for a launcher, which believes nothing of what it says: whoever
 * takes over this process through a bug in a decompressor has a process that
 * can read the image, write records, compute, and nothing else.
 */
#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "decompress.h"
#include "fdio.h"
#include "tar_reader.h"
#include "unpack_confine.h"
#include "unpack_record.h"

#define SECONDS_MAX 1000000u
#define DIRECT_MIN (64u << 10)

/* The tar's bytes on their way to the reader, hashed. */
struct hashed {
	struct decompress *decompress;
	EVP_MD_CTX *hash;
};

/* Records gather here, so that small members cost no system call each. */
struct output {
	size_t n;
	uint8_t buffer[UNPACK_DATA_MAX];
};

static int hashed_read(void *context, const uint8_t **data, size_t *len,
		       struct err *err)
{
	struct hashed *hashed = context;

	if (decompress_read(hashed->decompress, data, len, err) < 0)
		return -1;
	if (*len > 0 && EVP_DigestUpdate(hashed->hash, *data, *len) != 1)
		return err_set(err, ERR_SYSTEM, "SHA-256 failed");
	return 0;
}

static int flush(struct output *output, struct err *err)
{
	int status = fd_write_full(STDOUT_FILENO, output->buffer, output->n);

	output->n = 0;
	return status < 0 ? err_sys(err, -status, "write") : 0;
}

/* Too large to be worth a copy. */
static int put_directly(struct output *output, const void *data, size_t len,
			struct err *err)
{
	int status;

	if (flush(output, err) < 0)
		return -1;
	status = fd_write_full(STDOUT_FILENO, data, len);
	return status < 0 ? err_sys(err, -status, "write") : 0;
}

static int put(struct output *output, const void *data, size_t len,
	       struct err *err)
{
	const uint8_t *at = data;

	while (len > 0) {
		size_t n = sizeof(output->buffer) - output->n;

		if (n > len)
			n = len;
		memcpy(output->buffer + output->n, at, n);
		output->n += n;
		at += n;
		len -= n;
		if (output->n == sizeof(output->buffer) &&
		    flush(output, err) < 0)
			return -1;
	}
	return 0;
}

static int put_record(struct output *output, struct unpack_record *record,
		      const char *path, const char *target, const uint8_t *data,
		      struct err *err)
{
	record->magic = UNPACK_MAGIC;
	record->path_len = (uint32_t)strlen(path);
	record->target_len = (uint32_t)strlen(target);
	if (put(output, record, sizeof(*record), err) < 0 ||
	    put(output, path, record->path_len, err) < 0 ||
	    put(output, target, record->target_len, err) < 0)
		return -1;
	if (record->data_len >= DIRECT_MIN)
		return put_directly(output, data, record->data_len, err);
	return put(output, data, record->data_len, err);
}

/* A piece of at most what one record carries. */
static int next_piece(struct tar_reader *reader, const uint8_t **data,
		      uint32_t *len, struct err *err)
{
	size_t n;

	if (tar_data(reader, UNPACK_DATA_MAX, data, &n, err) < 0)
		return -1;
	*len = (uint32_t)n;
	return 0;
}

static int put_member(struct output *output, struct tar_reader *reader,
		      const struct tar_member *member, struct err *err)
{
	struct unpack_record record = {
		.kind = member->kind,
		.number = reader->number,
		.size = member->size,
		.mtime = member->mtime,
		.mtime_ns = member->mtime_ns,
		.mode = member->mode,
		.uid = member->uid,
		.gid = member->gid,
		.dev_major = member->dev_major,
		.dev_minor = member->dev_minor,
	};
	const uint8_t *data = NULL;

	/* what is at hand goes along; the launcher knows of a member, and can
	 * refuse it, before its bytes are read */
	if (reader->left > 0 &&
	    next_piece(reader, &data, &record.data_len, err) < 0)
		return -1;
	if (put_record(output, &record, reader->path, reader->target, data,
		       err) < 0)
		return -1;
	while (reader->data_left > 0) {
		struct unpack_record piece = {.kind = UNPACK_DATA,
					      .number = reader->number};

		if (next_piece(reader, &data, &piece.data_len, err) < 0 ||
		    put_record(output, &piece, "", "", data, err) < 0)
			return -1;
	}
	return 0;
}

static int put_end(struct output *output, struct hashed *hashed,
		   uint64_t members, uint64_t bytes, struct err *err)
{
	struct unpack_record record = {
		.kind = UNPACK_END, .number = members, .size = bytes};
	unsigned char digest[EVP_MAX_MD_SIZE];
	char hex[2 * sizeof(digest) + 1];
	unsigned len;

	if (EVP_DigestFinal_ex(hashed->hash, digest, &len) != 1)
		return err_set(err, ERR_SYSTEM, "SHA-256 failed");
	for (size_t i = 0; i < len; i++)
		snprintf(hex + 2 * i, 3, "%02x", digest[i]);
	return put_record(output, &record, hex, "", NULL, err);
}

static int put_archive(struct output *output, struct hashed *hashed,
		       struct tar_reader *reader, struct err *err)
{
	struct tar_member member;
	uint64_t members = 0, bytes = 0;
	int status;

	while ((status = tar_next(reader, &member, err)) > 0) {
		if (put_member(output, reader, &member, err) < 0)
			return -1;
		members++;
		bytes += member.size;
	}
	if (status < 0)
		return -1;
	reader->number = 0; /* the end is no member */
	return put_end(output, hashed, members, bytes, err);
}

static void put_error(struct output *output, const struct tar_reader *reader,
		      const struct err *why)
{
	struct unpack_record record = {.kind = UNPACK_ERROR,
				       .number = reader->number};
	struct err ignored;

	if (why->kind != ERR_INPUT)
		record.cause = why->kind == ERR_HOST ? EPERM
			       : why->sys	     ? (uint32_t)why->sys
						     : ENOMEM;
	/* if this fails, nobody listens */
	(void)put_record(output, &record, reader->path, why->msg, NULL,
			 &ignored);
}

/* The tar itself, as records of data. */
static int put_plain(struct output *output, struct decompress *decompress,
		     struct err *err)
{
	struct unpack_record end = {.kind = UNPACK_END};
	const uint8_t *data;
	size_t len;

	for (;;) {
		if (decompress_read(decompress, &data, &len, err) < 0)
			return -1;
		if (len == 0)
			return put_record(output, &end, "", "", NULL, err);
		end.size += len;
		while (len > 0) {
			struct unpack_record piece = {.kind = UNPACK_DATA};

			piece.data_len = len < UNPACK_DATA_MAX
						 ? (uint32_t)len
						 : UNPACK_DATA_MAX;
			if (put_record(output, &piece, "", "", data, err) < 0)
				return -1;
			data += piece.data_len;
			len -= piece.data_len;
		}
	}
}

/*
 * The first argument: how many seconds of processor time it may take.  A
 * second one asks for the plain tar instead of its members.
 */
static unsigned seconds_allowed(int argc, char **argv)
{
	unsigned long seconds;
	char *end;

	if (argc != 2 && (argc != 3 || strcmp(argv[2], UNPACK_PLAIN) != 0))
		return 0;
	seconds = strtoul(argv[1], &end, 10);
	return *end == '\0' && seconds <= SECONDS_MAX ? (unsigned)seconds : 0;
}

/* Everything that looks at the file system, before it is out of reach. */
static int prepare(struct hashed *hashed, struct err *err)
{
	if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1)
		return err_set(err, ERR_SYSTEM, "libcrypto failed to start");
	hashed->hash = EVP_MD_CTX_new();
	if (!hashed->hash ||
	    EVP_DigestInit_ex(hashed->hash, EVP_sha256(), NULL) != 1)
		return err_set(err, ERR_SYSTEM, "SHA-256 failed");
	return 0;
}

int main(int argc, char **argv)
{
	static struct output output;
	static struct tar_reader reader;
	struct hashed hashed = {0};
	struct err err = {0};
	unsigned seconds = seconds_allowed(argc, argv);
	int status;

	if (seconds == 0) {
		fprintf(stderr, "jail-unpack: started by jaillaunch only\n");
		return 125;
	}
	tar_init(&reader, hashed_read, &hashed);
	status = prepare(&hashed, &err);
	if (status == 0 && unpack_confine(seconds, &err) < 0)
		status = err_reword(&err, ERR_HOST, "cannot confine itself");
	if (status == 0)
		status = decompress_new(STDIN_FILENO, NULL, 0,
					&hashed.decompress, &err);
	if (status == 0)
		status = argc == 3
				 ? put_plain(&output, hashed.decompress, &err)
				 : put_archive(&output, &hashed, &reader, &err);
	if (status < 0)
		put_error(&output, &reader, &err);
	if (flush(&output, &err) < 0)
		status = -1;
	/* no handler of a library runs: seccomp would kill it */
	_exit(status < 0);
}
