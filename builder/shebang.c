#include "shebang.h"

#include <string.h>

#define BLANKS " \t"

bool head_is_script(const char *head, size_t n)
{
	return n >= 2 && head[0] == '#' && head[1] == '!';
}

/* Cuts a word off *at; NULL when there is none. */
static char *next_word(char **at)
{
	char *word = *at + strspn(*at, BLANKS);
	char *end = word + strcspn(word, BLANKS);

	if (*word == '\0')
		return NULL;
	*at = *end ? end + 1 : end;
	*end = '\0';
	return word;
}

static bool is_assignment(const char *word)
{
	return strchr(word, '=') != NULL;
}

/* Options of env that take the next word. */
static bool takes_word(const char *option)
{
	return strcmp(option, "-u") == 0 || strcmp(option, "-C") == 0;
}

/* The text behind -S (or -iS, -vS, --split-string=), or NULL. */
static char *split_string(char *argument)
{
	static const char long_name[] = "--split-string";
	size_t len = sizeof(long_name) - 1;

	if (strncmp(argument, long_name, len) == 0) {
		char *text = argument + len;

		return *text == '=' || strchr(BLANKS, *text) ? text + 1 : NULL;
	}
	if (argument[0] == '-' && argument[1] != '-') {
		size_t flags = strspn(argument + 1, "0iv");

		if (argument[1 + flags] == 'S')
			return argument + 1 + flags + 1;
	}
	return NULL;
}

static int parse_env(struct shebang *out, char *argument, struct err *err)
{
	char *text = split_string(argument), *word;

	if (!text) {
		if (strpbrk(argument, BLANKS))
			return err_set(err, ERR_INPUT,
				       "env gets \"%s\" as one word; write "
				       "\"env -S %s\"",
				       argument, argument);
		out->program = argument;
		return 0;
	}
	while ((word = next_word(&text))) {
		if (*word == '-' && takes_word(word))
			next_word(&text);
		else if (*word != '-' && !is_assignment(word))
			break;
	}
	if (!word)
		return err_set(err, ERR_INPUT, "env without a program");
	if (*word == '"' || *word == '\'') {
		word++;
		word[strcspn(word, "\"'")] = '\0';
	}
	out->program = word;
	return 0;
}

static bool is_env(const char *path)
{
	const char *base = strrchr(path, '/');

	return base && strcmp(base, "/env") == 0;
}

/* A line that is cut is fine if what is cut is an argument. */
static int take_line(const char *head, size_t n, struct shebang *out,
		     struct err *err)
{
	const char *end = memchr(head, '\n', n);
	size_t len = end ? (size_t)(end - head) : n;
	char *text = out->text;

	memcpy(text, head + 2, len - 2);
	text[len - 2] = '\0';
	text += strspn(text, BLANKS);
	if (!end && n >= SHEBANG_SIZE && !strpbrk(text, BLANKS))
		return err_set(err, ERR_INPUT,
			       "the interpreter's name in #! is longer than "
			       "%d bytes",
			       SHEBANG_SIZE);
	return 0;
}

static void trim_end(char *text)
{
	size_t len = strlen(text);

	while (len && strchr(BLANKS, text[len - 1]))
		text[--len] = '\0';
}

int shebang_parse(const char *head, size_t n, struct shebang *out,
		  struct err *err)
{
	char *rest = out->text;

	*out = (struct shebang){0};
	if (n > SHEBANG_SIZE)
		n = SHEBANG_SIZE;
	if (take_line(head, n, out, err) < 0)
		return -1;
	trim_end(out->text);
	out->interpreter = next_word(&rest);
	if (!out->interpreter)
		return err_set(err, ERR_INPUT, "#! without an interpreter");
	if (*out->interpreter != '/')
		return err_set(err, ERR_INPUT,
			       "the interpreter \"%s\" in #! is no absolute "
			       "path",
			       out->interpreter);
	rest += strspn(rest, BLANKS);
	if (is_env(out->interpreter) && *rest)
		return parse_env(out, rest, err);
	return 0;
}
