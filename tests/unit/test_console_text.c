#include "console_text.h"

#include <string.h>

#include "test.h"

static const struct {
	const char *bytes, *shown;
} cases[] = {
	{"a line\r\n\tand a tab\n", "a line\n\tand a tab\n"},
	{"\x1b[31mred\x07\x7f", "?[31mred??"},
	{"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80", "\xc3\xa9 \xe2\x82\xac "
						   "\xf0\x9f\x98\x80"},
	{"\x9b"
	 "31m\x90q\x9c",
	 "?31m?q?"}, /* CSI, DCS, ST: bytes */
	{"\xc2\x9b"
	 "31m\xc2\x85",
	 "?31m?"}, /* the same as characters */
	{"\xc2\xa0|", "\xc2\xa0|"},
	{"\xc0\x9b|\xe0\x82\x9b|\xf0\x80\x82\x9b|",
	 "??|???|????|"}, /* overlong */
	{"\xe2\x82\x1b|", "???|"}, /* cut off by a control character */
	{"\xe2\xc2\x9b|", "??|"}, /* and by another character */
	{"\xed\xa0\x80|\xf4\x90\x80\x80|\xff\xfe|", "???|????|??|"},
	{"held \xe2\x82", "held "}, /* the rest may come */
};

static void check(const char *bytes, size_t piece, const char *shown)
{
	struct console_text text = {.n_held = 0};
	size_t left = strlen(bytes), n = 0;
	char out[256];

	while (left > 0) {
		size_t len = left < piece ? left : piece;

		n += console_text_pass(&text, bytes, len, out + n);
		bytes += len;
		left -= len;
	}
	out[n] = '\0';
	assert_string_equal(out, shown);
}

TEST(no_control_character_is_shown_in_whatever_pieces_it_comes)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		for (size_t piece = 1; piece <= 8; piece++)
			check(cases[i].bytes, piece, cases[i].shown);
}

TEST_MAIN
