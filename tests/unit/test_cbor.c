#include "cbor.h"

#include <stdlib.h>

#include "test.h"

static const struct {
	enum cbor_major major;
	uint64_t n;
	const char *bytes;
	size_t len;
} heads[] = {
	/* RFC 8949, appendix A, and the edges between the widths */
	{CBOR_UINT, 0, "\x00", 1},
	{CBOR_UINT, 23, "\x17", 1},
	{CBOR_UINT, 24, "\x18\x18", 2},
	{CBOR_UINT, 255, "\x18\xff", 2},
	{CBOR_UINT, 256, "\x19\x01\x00", 3},
	{CBOR_UINT, 65535, "\x19\xff\xff", 3},
	{CBOR_UINT, 65536, "\x1a\x00\x01\x00\x00", 5},
	{CBOR_UINT, UINT32_MAX, "\x1a\xff\xff\xff\xff", 5},
	{CBOR_UINT, 1000000000000, "\x1b\x00\x00\x00\xe8\xd4\xa5\x10\x00", 9},
	{CBOR_UINT, UINT64_MAX, "\x1b\xff\xff\xff\xff\xff\xff\xff\xff", 9},
	{CBOR_NEGATIVE, 6, "\x26", 1},
	{CBOR_NEGATIVE, 34, "\x38\x22", 2},
	{CBOR_NEGATIVE, 35, "\x38\x23", 2},
	{CBOR_BYTES, 4, "\x44", 1},
	{CBOR_TEXT, 14, "\x6e", 1},
	{CBOR_ARRAY, 48, "\x98\x30", 2},
	{CBOR_MAP, 2, "\xa2", 1},
};

TEST(heads_are_as_short_as_can_be)
{
	for (size_t i = 0; i < sizeof(heads) / sizeof(*heads); i++) {
		struct cbor_out out = {0};

		cbor_put_head(&out, heads[i].major, heads[i].n);
		assert_false(out.has_failed);
		assert_int_equal(out.len, heads[i].len);
		assert_memory_equal(out.data, heads[i].bytes, out.len);
		free(out.data);
	}
}

TEST(heads_are_read_back)
{
	for (size_t i = 0; i < sizeof(heads) / sizeof(*heads); i++) {
		struct cbor_in in = {(const unsigned char *)heads[i].bytes,
				     heads[i].len};
		uint64_t n = 1;

		assert_true(cbor_take_head(&in, heads[i].major, &n));
		assert_true(n == heads[i].n);
		assert_int_equal(in.left, 0);
	}
}

TEST(every_other_form_of_a_head_is_refused)
{
	static const struct {
		const char *bytes;
		size_t len;
	} wrong[] = {
		{"", 0},
		{"\x18", 1},
		{"\x18\x17", 2}, /* fits into the first byte */
		{"\x19\x00\xff", 3},
		{"\x19\x01", 2},
		{"\x1a\x00\x00\xff\xff", 5},
		{"\x1b\x00\x00\x00\x00\xff\xff\xff\xff", 9},
		{"\x1c", 1},
		{"\x1d", 1},
		{"\x1e", 1},
		{"\x1f", 1}, /* no length */
		{"\x20", 1}, /* another kind */
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		struct cbor_in in = {(const unsigned char *)wrong[i].bytes,
				     wrong[i].len};
		uint64_t n;

		if (cbor_take_head(&in, CBOR_UINT, &n))
			fail_msg("row %zu was taken", i);
	}
}

TEST(bytes_as_numbers_come_back)
{
	unsigned char all[256], *read;
	struct cbor_out out = {0};
	struct cbor_in in;
	size_t len;

	for (size_t i = 0; i < sizeof(all); i++)
		all[i] = (unsigned char)i;
	cbor_put_numbers(&out, all, sizeof(all));
	assert_int_equal(out.len, 3 + 24 + 2 * 232);
	in = (struct cbor_in){out.data, out.len};
	assert_true(cbor_take_numbers(&in, &read, &len));
	assert_int_equal(len, sizeof(all));
	assert_memory_equal(read, all, len);
	assert_int_equal(in.left, 0);
	free(read);
	free(out.data);
}

/* Nothing is allocated for what cannot be there. */
TEST(a_list_longer_than_its_bytes_is_refused)
{
	static const unsigned char huge[] = {0x9b, 0x00, 0x00, 0x00, 0x01,
					     0x00, 0x00, 0x00, 0x00};
	struct cbor_in in = {huge, sizeof(huge)};
	unsigned char *data;
	size_t len;

	assert_false(cbor_take_numbers(&in, &data, &len));
	assert_null(data);
	assert_int_equal(len, 0);
}

TEST(strings_are_bounded_and_compared_whole)
{
	static const unsigned char text[] = {0x63, 'a', 'b', 'c'};
	static const unsigned char cut[] = {0x44, 1, 2, 3};
	const unsigned char *data;
	size_t len;

	assert_true(cbor_take_text(&(struct cbor_in){text, 4}, "abc"));
	assert_false(cbor_take_text(&(struct cbor_in){text, 4}, "ab"));
	assert_false(cbor_take_text(&(struct cbor_in){text, 4}, "abcd"));
	assert_false(cbor_take_text(&(struct cbor_in){text, 3}, "ab"));
	assert_false(cbor_take_bytes(&(struct cbor_in){cut, 4}, &data, &len));
	assert_false(cbor_take_bytes(&(struct cbor_in){text, 4}, &data, &len));
}

TEST_MAIN
