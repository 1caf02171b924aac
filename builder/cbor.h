#pragma once
/*
 * cbor: the few kinds of CBOR (RFC 8949) that a signature is made of, written
 * and read: unsigned and negative numbers, byte and text strings, arrays, maps.
 *
 * There is one form of everything: lengths are definite and numbers as short
 * as can be.  The reader refuses any other, so that what it reads is what the
 * writer would write.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum cbor_major {
	CBOR_UINT = 0,
	CBOR_NEGATIVE = 1, /* n stands for -1 - n */
	CBOR_BYTES = 2,
	CBOR_TEXT = 3,
	CBOR_ARRAY = 4,
	CBOR_MAP = 5,
};

/* Starts zeroed; data is to be freed.  Without memory nothing more is put and
 * has_failed is set: one look at the end is enough. */
struct cbor_out {
	unsigned char *data;
	size_t len, room;
	bool has_failed;
};

void cbor_put_head(struct cbor_out *out, enum cbor_major major, uint64_t n);
void cbor_put_bytes(struct cbor_out *out, const void *data, size_t len);
void cbor_put_text(struct cbor_out *out, const char *text);

/* Bytes as serde writes a list of them: an array of numbers. */
void cbor_put_numbers(struct cbor_out *out, const void *data, size_t len);

/* What is left to read. */
struct cbor_in {
	const unsigned char *at;
	size_t left;
};

/* All return false, and leave the place undefined, when something else (or
 * nothing) stands there. */
bool cbor_take_head(struct cbor_in *in, enum cbor_major major, uint64_t *n);
bool cbor_take_bytes(struct cbor_in *in, const unsigned char **data,
		     size_t *len);
bool cbor_take_text(struct cbor_in *in, const char *expected);

/*
 * What cbor_put_numbers() writes; *data is the caller's to free and has a spare
 * byte behind it.  False without memory too: *len is then not 0.
 */
bool cbor_take_numbers(struct cbor_in *in, unsigned char **data, size_t *len);
