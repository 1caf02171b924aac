#include "console_text.h"

#include <stdbool.h>
#include <string.h>

#include "utf8.h"

/* By its first byte; 0: of no character. */
static size_t announced(unsigned char lead)
{
	return lead >= 0xf8   ? 0
	       : lead >= 0xf0 ? 4
	       : lead >= 0xe0 ? 3
	       : lead >= 0xc0 ? 2
			      : 0;
}

/* More bytes may make a character of it. */
static bool is_begun(const struct console_text *text)
{
	size_t i;

	for (i = 1; i < text->n_held; i++)
		if ((text->held[i] & 0xc0) != 0x80)
			return false;
	return text->n_held < announced((unsigned char)text->held[0]);
}

static size_t put_character(const char *at, size_t len, char *out)
{
	if (*at == '\r')
		return 0;
	if (utf8_is_control(at, len) && *at != '\n' && *at != '\t') {
		*out = '?';
		return 1;
	}
	memcpy(out, at, len);
	return len;
}

/* What is held, as far as it is known what it is. */
static size_t put_held(struct console_text *text, char *out)
{
	size_t n = 0;

	while (text->n_held > 0 && !is_begun(text)) {
		size_t len = utf8_sequence(text->held, text->n_held);

		if (len > 0)
			n += put_character(text->held, len, out + n);
		else
			out[n++] = '?';
		len += len == 0;
		text->n_held -= len;
		memmove(text->held, text->held + len, text->n_held);
	}
	return n;
}

size_t console_text_pass(struct console_text *text, const char *bytes,
			 size_t len, char *out)
{
	size_t i, n = 0;

	for (i = 0; i < len; i++) {
		text->held[text->n_held++] = bytes[i];
		n += put_held(text, out + n);
	}
	return n;
}
