#include "flaws.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "array.h"
#include "err.h"

int flaws_add(struct flaws *flaws, const char *name, const char *format, ...)
{
	char words[256], plain[3 * 256], shown[400] = "";
	char **item;
	va_list args;

	if (flaws->n == FLAWS_MAX) {
		flaws->n_more++;
		return 0;
	}
	va_start(args, format);
	vsnprintf(words, sizeof(words), format, args);
	va_end(args);
	err_escape(words, plain, sizeof(plain));
	if (name)
		err_escape(name, shown, sizeof(shown));
	item = array_push(flaws->items, flaws->n);
	if (!item)
		return -1;
	if (asprintf(item, "%s%s%s", shown, name ? ": " : "", plain) < 0) {
		flaws->n--;
		return -1;
	}
	return 0;
}

void flaws_clear(struct flaws *flaws)
{
	for (size_t i = 0; i < flaws->n; i++)
		free(flaws->items[i]);
	free(flaws->items);
	*flaws = (struct flaws){0};
}
