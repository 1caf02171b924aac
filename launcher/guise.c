#include "guise.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"

static const struct guise *const guises[] = {&guise_capejail, &guise_go_jail};

const struct guise *guise_find(const char *argv0)
{
	const char *slash = argv0 ? strrchr(argv0, '/') : NULL;
	const char *name = slash ? slash + 1 : argv0;
	size_t i;

	for (i = 0; name && i < sizeof(guises) / sizeof(*guises); i++)
		if (strcmp(guises[i]->name, name) == 0)
			return guises[i];
	return NULL;
}

const char *guise_keep(struct guise_words *words, char *text, struct err *err)
{
	char **item = text ? array_push(words->items, words->n) : NULL;

	if (!item) {
		free(text);
		err_sys(err, ENOMEM, "arguments");
		return NULL;
	}
	*item = text;
	return text;
}

void guise_words_free(struct guise_words *words)
{
	size_t i;

	for (i = 0; i < words->n; i++)
		free(words->items[i]);
	free(words->items);
	*words = (struct guise_words){0};
}

bool guise_names_root(const char *name)
{
	if (*name == '#')
		name++;
	return strcmp(name, "root") == 0 ||
	       (*name && strspn(name, "0") == strlen(name));
}
