#include "words.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "utf8.h"

/* Where splitting stands: bytes move down as quotes and escapes vanish. */
struct cursor {
	char *at, *end; /* what is left to read */
	char *put; /* where the next byte of the word goes */
};

static const struct {
	char letter, byte;
} escapes[] = {{'n', '\n'}, {'t', '\t'}, {'\\', '\\'}, {'"', '"'}};

#define N_ESCAPES (sizeof(escapes) / sizeof(*escapes))

static int refuse(struct err *err, const char *words)
{
	return err_set(err, ERR_MANIFEST, "%s", words);
}

static const char *why_not_text(const char *at, size_t length)
{
	if (length == 0)
		return "a byte that is not UTF-8; write it as \\xNN in quotes";
	if (*at == '\0')
		return "a NUL byte; a manifest is text";
	if (*at == '\r')
		return "a carriage return; save the file with Unix line ends";
	return "a control character; write it as \\xNN in quotes";
}

static int check_text(const char *line, size_t len, struct err *err)
{
	size_t i, length;

	for (i = 0; i < len; i += length) {
		length = utf8_sequence(line + i, len - i);
		if (length == 0 ||
		    (utf8_is_control(line + i, length) && line[i] != '\t'))
			return refuse(err, why_not_text(line + i, length));
	}
	return 0;
}

static bool is_blank(char byte)
{
	return byte == ' ' || byte == '\t';
}

static int hex_digit(char byte)
{
	if (byte >= '0' && byte <= '9')
		return byte - '0';
	if (byte >= 'a' && byte <= 'f')
		return byte - 'a' + 10;
	if (byte >= 'A' && byte <= 'F')
		return byte - 'A' + 10;
	return -1;
}

static int read_hex(struct cursor *cursor, struct err *err)
{
	int high = -1, low = -1;

	if (cursor->end - cursor->at >= 2) {
		high = hex_digit(cursor->at[0]);
		low = hex_digit(cursor->at[1]);
	}
	if (high < 0 || low < 0)
		return refuse(err, "\\x needs two hexadecimal digits");
	if (high == 0 && low == 0)
		return refuse(err, "\\x00: a text cannot hold a NUL byte");
	*cursor->put++ = (char)(unsigned char)(high << 4 | low);
	cursor->at += 2;
	return 0;
}

static int read_escape(struct cursor *cursor, struct err *err)
{
	char letter = ' ';
	size_t i;

	if (cursor->at < cursor->end)
		letter = *cursor->at++;
	if (letter == 'x')
		return read_hex(cursor, err);
	for (i = 0; i < N_ESCAPES; i++) {
		if (escapes[i].letter == letter) {
			*cursor->put++ = escapes[i].byte;
			return 0;
		}
	}
	return refuse(err, "unknown escape in quotes; known: \\n \\t \\\\ \\\" "
			   "\\xNN");
}

/* Behind the opening quote, up to and with the closing one. */
static int read_quoted(struct cursor *cursor, struct err *err)
{
	while (cursor->at < cursor->end) {
		char byte = *cursor->at++;

		if (byte == '"')
			return 0;
		if (byte == '\t')
			return refuse(err, "a tab in quotes; write \\t");
		if (byte != '\\')
			*cursor->put++ = byte;
		else if (read_escape(cursor, err) < 0)
			return -1;
	}
	return refuse(err,
		      "a quote is not closed; a text ends on its line, and "
		      "\\n in it is a line break");
}

static int read_plain(struct cursor *cursor, struct err *err)
{
	char byte = *cursor->at++;

	if (byte == '\'')
		return refuse(err, "single quotes do not quote; use double "
				   "quotes (also around a \"'\")");
	if (byte == '\\')
		return refuse(err, "a backslash has a meaning within double "
				   "quotes only");
	*cursor->put++ = byte;
	return 0;
}

static int read_word(struct cursor *cursor, struct word *word, struct err *err)
{
	const char *first_quote = NULL;

	word->is_plain = *cursor->at != '"';
	word->text = cursor->put = cursor->at;
	while (cursor->at < cursor->end && !is_blank(*cursor->at)) {
		if (*cursor->at != '"') {
			if (read_plain(cursor, err) < 0)
				return -1;
			continue;
		}
		if (!first_quote)
			first_quote = cursor->put;
		cursor->at++;
		if (read_quoted(cursor, err) < 0)
			return -1;
	}
	/* The byte written is behind the word: a blank, a quote or the end. */
	if (cursor->at < cursor->end)
		cursor->at++;
	*cursor->put = '\0';
	word->key = word_key(word->text);
	if (first_quote && first_quote <= word->text + word->key)
		word->key = 0;
	return 0;
}

/* Unlike an array's, the memory stays from one line to the next. */
static struct word *next_word(struct words *words)
{
	size_t room = words->room ? 2 * words->room : 16;
	struct word *grown;

	if (words->n == words->room) {
		grown = realloc(words->items, room * sizeof(*grown));
		if (!grown)
			return NULL;
		words->items = grown;
		words->room = room;
	}
	return &words->items[words->n++];
}

int words_split(char *line, size_t len, struct words *words, struct err *err)
{
	struct cursor cursor = {.at = line, .end = line + len};

	words->n = 0;
	if (check_text(line, len, err) < 0)
		return -1;
	for (;;) {
		struct word *word;

		while (cursor.at < cursor.end && is_blank(*cursor.at))
			cursor.at++;
		if (cursor.at == cursor.end || *cursor.at == '#')
			return 0;
		word = next_word(words);
		if (!word)
			return err_sys(err, ENOMEM, "manifest");
		if (read_word(&cursor, word, err) < 0)
			return -1;
	}
}

void words_clear(struct words *words)
{
	free(words->items);
	*words = (struct words){0};
}

size_t word_key(const char *text)
{
	size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyz-");

	return n > 0 && text[0] != '-' && text[n] == '=' ? n : 0;
}

static bool needs_quotes(const char *text)
{
	size_t left = strlen(text), length;

	if (left == 0 || *text == '#')
		return true;
	for (; left > 0; text += length, left -= length) {
		length = utf8_sequence(text, left);
		if (length == 0 || utf8_is_control(text, length) ||
		    strchr(" \"'\\", *text))
			return true;
	}
	return false;
}

static void write_escaped(FILE *out, const char *text, size_t length)
{
	size_t i;

	for (i = 0; i < N_ESCAPES; i++) {
		if (escapes[i].byte == *text) {
			fprintf(out, "\\%c", escapes[i].letter);
			return;
		}
	}
	for (i = 0; i < length; i++)
		fprintf(out, "\\x%02x", (unsigned char)text[i]);
}

void word_write(FILE *out, const char *text, bool quote)
{
	size_t left = strlen(text), length;

	if (!quote && !needs_quotes(text)) {
		fputs(text, out);
		return;
	}
	putc('"', out);
	for (; left > 0; text += length, left -= length) {
		length = utf8_sequence(text, left);
		if (length == 0 || utf8_is_control(text, length) ||
		    *text == '"' || *text == '\\')
			write_escaped(out, text, length ? length : 1);
		else
			fwrite(text, 1, length, out);
		length = length ? length : 1;
	}
	putc('"', out);
}
