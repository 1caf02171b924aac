#include "err.h"

#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "fdio.h"

__attribute__((format(printf, 4, 0))) static int
set_words(struct err *err, enum err_kind kind, int sys, const char *format,
	  va_list args)
{
	err->kind = kind;
	err->sys = sys;
	vsnprintf(err->msg, sizeof(err->msg), format, args);
	if (sys != 0) {
		size_t len = strlen(err->msg);

		snprintf(err->msg + len, sizeof(err->msg) - len, ": %s",
			 strerrordesc_np(sys) ? strerrordesc_np(sys) : "?");
	}
	return -1;
}

int(err_set)(struct err *err, enum err_kind kind, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	set_words(err, kind, 0, format, args);
	va_end(args);
	return -1;
}

int(err_sys)(struct err *err, int sys, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	set_words(err, ERR_SYSTEM, sys, format, args);
	va_end(args);
	return -1;
}

int(err_sys_kind)(struct err *err, enum err_kind kind, int sys,
		  const char *format, ...)
{
	va_list args;

	va_start(args, format);
	set_words(err, kind, sys, format, args);
	va_end(args);
	return -1;
}

__attribute__((format(printf, 2, 0))) static void
prefix_words(struct err *err, const char *format, va_list args)
{
	char words[sizeof(err->msg)];
	size_t len;

	memcpy(words, err->msg, sizeof(words));
	vsnprintf(err->msg, sizeof(err->msg), format, args);
	len = strlen(err->msg);
	snprintf(err->msg + len, sizeof(err->msg) - len, ": %s", words);
}

int(err_context)(struct err *err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	prefix_words(err, format, args);
	va_end(args);
	return -1;
}

int(err_reword)(struct err *err, enum err_kind kind, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	prefix_words(err, format, args);
	va_end(args);
	err->kind = kind;
	return -1;
}

void err_escape(const char *text, char *out, unsigned long size)
{
	static const char hex[] = "0123456789abcdef";
	size_t n = 0;

	for (; *text; text++) {
		unsigned char byte = (unsigned char)*text;
		int plain = byte >= 32 && byte < 127;

		if (n + (plain ? 1 : 4) >= size)
			break;
		if (plain) {
			out[n++] = (char)byte;
			continue;
		}
		out[n++] = '\\';
		out[n++] = 'x';
		out[n++] = hex[byte >> 4];
		out[n++] = hex[byte & 15];
	}
	out[n] = '\0';
}

void err_print(const char *program, const struct err *err)
{
	char words[4 * sizeof(err->msg) + 1];
	char line[sizeof(words) + 64];
	struct iovec whole = {line, 0};
	int len;

	err_escape(err->msg, words, sizeof(words));
	len = snprintf(line, sizeof(line), "%.60s: %s\n", program, words);
	whole.iov_len = (size_t)len;
	/* A jail's policy that holds for us already may refuse one of them. */
	if (fd_write_full(STDERR_FILENO, line, (size_t)len) < 0)
		if (writev(STDERR_FILENO, &whole, 1) < 0)
			return; /* and nobody is left to hear of it */
}
