/*
 * The bytes of an image through decompression and the reader of tar, as
 * jail-unpack does.  Checksums of headers are put right first, which a fuzzer
 * would never guess.
 */
#include <stdlib.h>
#include <string.h>

#include "decompress.h"
#include "tar_reader.h"

#define OUTPUT_MAX (4u << 20)

struct bounded {
	struct decompress *decompress;
	size_t n;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int bounded_read(void *context, const uint8_t **data, size_t *len,
			struct err *err)
{
	struct bounded *bounded = context;

	if (bounded->n > OUTPUT_MAX)
		return err_set(err, ERR_INPUT, "enough");
	if (decompress_read(bounded->decompress, data, len, err) < 0)
		return -1;
	bounded->n += *len;
	return 0;
}

static void mend_checksums(uint8_t *data, size_t size)
{
	for (size_t at = 0; at + 512 <= size; at += 512) {
		uint8_t *block = data + at;
		unsigned sum = 8 * ' ';

		if (memcmp(block + 257, "ustar", 5) != 0)
			continue;
		for (unsigned i = 0; i < 512; i++)
			sum += i >= 148 && i < 156 ? 0 : block[i];
		for (unsigned i = 0; i < 6; i++)
			block[153 - i] = (uint8_t)('0' + (sum >> 3 * i) % 8);
		block[154] = '\0';
		block[155] = ' ';
	}
}

static void check(const struct tar_reader *reader,
		  const struct tar_member *member)
{
	if (member->kind < UNPACK_FILE || member->kind > UNPACK_LAST_MEMBER ||
	    member->mode > 07777 || member->mtime_ns >= 1000000000 ||
	    member->uid > INT32_MAX || member->gid > INT32_MAX ||
	    member->size > INT64_MAX || reader->number == 0)
		abort();
}

static int read_all(struct tar_reader *reader, struct err *err)
{
	struct tar_member member;
	const uint8_t *data;
	size_t len;
	int status;

	while ((status = tar_next(reader, &member, err)) > 0) {
		uint64_t total = 0;

		check(reader, &member);
		do {
			if (tar_data(reader, 1000, &data, &len, err) < 0)
				return -1;
			total += len;
		} while (len > 0);
		if (total != member.size)
			abort();
	}
	return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_free uint8_t *copy = malloc(size + 1);
	struct bounded bounded = {0};
	struct tar_reader reader;
	struct err err = {0};

	if (!copy)
		return 0;
	memcpy(copy, data, size);
	mend_checksums(copy, size);
	if (decompress_new(-1, copy, size, &bounded.decompress, &err) < 0)
		return 0;
	tar_init(&reader, bounded_read, &bounded);
	if (read_all(&reader, &err) < 0 &&
	    (err.kind == ERR_NONE || err.msg[0] == '\0'))
		abort(); /* refused without a word */
	tar_clear(&reader);
	decompress_free(bounded.decompress);
	return 0;
}
