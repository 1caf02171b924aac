#include "cbor.h"

#include <stdlib.h>
#include <string.h>

/* Numbers below this stand in the first byte itself. */
enum { IMMEDIATE = 24, FIRST_ROOM = 256 };

static bool make_room(struct cbor_out *out, size_t len)
{
	size_t room = out->room ? out->room : FIRST_ROOM;
	unsigned char *grown;

	while (room - out->len < len)
		if (__builtin_mul_overflow(room, 2, &room))
			return false;
	if (room == out->room)
		return true;
	grown = realloc(out->data, room);
	if (!grown)
		return false;
	out->data = grown;
	out->room = room;
	return true;
}

static void put(struct cbor_out *out, const void *data, size_t len)
{
	if (out->has_failed || len == 0)
		return;
	if (!make_room(out, len)) {
		out->has_failed = true;
		return;
	}
	memcpy(out->data + out->len, data, len);
	out->len += len;
}

/* Bytes that a number takes behind the first one: 0, 1, 2, 4 or 8. */
static unsigned width_of(uint64_t n)
{
	if (n < IMMEDIATE)
		return 0;
	if (n <= UINT8_MAX)
		return 1;
	if (n <= UINT16_MAX)
		return 2;
	return n <= UINT32_MAX ? 4 : 8;
}

void cbor_put_head(struct cbor_out *out, enum cbor_major major, uint64_t n)
{
	static const unsigned char codes[] = {
		[1] = 24, [2] = 25, [4] = 26, [8] = 27};
	unsigned width = width_of(n);
	unsigned char head[9];

	head[0] = (unsigned char)((unsigned)major << 5 |
				  (width ? codes[width] : (unsigned)n));
	for (unsigned i = 0; i < width; i++)
		head[1 + i] = (unsigned char)(n >> 8 * (width - 1 - i));
	put(out, head, 1 + width);
}

void cbor_put_bytes(struct cbor_out *out, const void *data, size_t len)
{
	cbor_put_head(out, CBOR_BYTES, len);
	put(out, data, len);
}

void cbor_put_text(struct cbor_out *out, const char *text)
{
	cbor_put_head(out, CBOR_TEXT, strlen(text));
	put(out, text, strlen(text));
}

void cbor_put_numbers(struct cbor_out *out, const void *data, size_t len)
{
	const unsigned char *bytes = data;

	cbor_put_head(out, CBOR_ARRAY, len);
	for (size_t i = 0; i < len; i++)
		cbor_put_head(out, CBOR_UINT, bytes[i]);
}

static bool take(struct cbor_in *in, size_t len, const unsigned char **data)
{
	if (len > in->left)
		return false;
	*data = in->at;
	in->at += len;
	in->left -= len;
	return true;
}

bool cbor_take_head(struct cbor_in *in, enum cbor_major major, uint64_t *n)
{
	static const unsigned widths[] = {1, 2, 4, 8};
	const unsigned char *head, *more;
	unsigned low, width;

	if (!take(in, 1, &head) || *head >> 5 != (int)major)
		return false;
	low = *head & 31;
	*n = low;
	if (low < IMMEDIATE)
		return true;
	if (low - IMMEDIATE >= sizeof(widths) / sizeof(*widths))
		return false; /* 28 to 30 mean nothing, 31 no known length */
	width = widths[low - IMMEDIATE];
	if (!take(in, width, &more))
		return false;
	*n = 0;
	for (unsigned i = 0; i < width; i++)
		*n = *n << 8 | more[i];
	return width_of(*n) == width;
}

static bool take_string(struct cbor_in *in, enum cbor_major major,
			const unsigned char **data, size_t *len)
{
	uint64_t n;

	if (!cbor_take_head(in, major, &n) || n > in->left)
		return false;
	*len = (size_t)n;
	return take(in, *len, data);
}

bool cbor_take_bytes(struct cbor_in *in, const unsigned char **data,
		     size_t *len)
{
	return take_string(in, CBOR_BYTES, data, len);
}

bool cbor_take_text(struct cbor_in *in, const char *expected)
{
	const unsigned char *data;
	size_t len;

	return take_string(in, CBOR_TEXT, &data, &len) &&
	       len == strlen(expected) && memcmp(data, expected, len) == 0;
}

bool cbor_take_numbers(struct cbor_in *in, unsigned char **data, size_t *len)
{
	unsigned char *bytes;
	uint64_t n, value;

	*data = NULL;
	*len = 0;
	/* each takes a byte at least: this bounds what is allocated */
	if (!cbor_take_head(in, CBOR_ARRAY, &n) || n > in->left)
		return false;
	bytes = malloc((size_t)n + 1);
	if (!bytes) {
		*len = (size_t)n;
		return false;
	}
	for (size_t i = 0; i < n; i++) {
		if (!cbor_take_head(in, CBOR_UINT, &value) ||
		    value > UINT8_MAX) {
			free(bytes);
			return false;
		}
		bytes[i] = (unsigned char)value;
	}
	*data = bytes;
	*len = (size_t)n;
	return true;
}
