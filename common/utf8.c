#include "utf8.h"

#include <stdint.h>

/* Lead bytes, the length that they announce, and the smallest code point that
 * needs that length. */
static const struct {
	unsigned char mask, lead;
	unsigned length;
	uint32_t least;
} leads[] = {
	{0x80, 0x00, 1, 0},
	{0xe0, 0xc0, 2, 0x80},
	{0xf0, 0xe0, 3, 0x800},
	{0xf8, 0xf0, 4, 0x10000},
};

static size_t decode(const char *text, size_t left, uint32_t *code)
{
	const unsigned char *at = (const unsigned char *)text;
	size_t i, n;

	for (i = 0; i < sizeof(leads) / sizeof(*leads); i++)
		if (left > 0 && (at[0] & leads[i].mask) == leads[i].lead)
			break;
	if (i == sizeof(leads) / sizeof(*leads) || left < leads[i].length)
		return 0;
	*code = at[0] & (unsigned char)~leads[i].mask;
	for (n = 1; n < leads[i].length; n++) {
		if ((at[n] & 0xc0) != 0x80)
			return 0;
		*code = *code << 6 | (at[n] & 0x3f);
	}
	return *code < leads[i].least ? 0 : leads[i].length;
}

size_t utf8_sequence(const char *text, size_t left)
{
	uint32_t code = 0;
	size_t length = decode(text, left, &code);

	if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
		return 0;
	return length;
}

int utf8_is_control(const char *text, size_t length)
{
	uint32_t code = 0;

	decode(text, length, &code);
	return code < 0x20 || (code >= 0x7f && code < 0xa0);
}
