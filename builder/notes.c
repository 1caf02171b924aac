#include "notes.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"

int notes_add(struct notes *notes, enum note_kind kind, struct err *err,
	      const char *format, ...)
{
	struct note *note;
	char *text = NULL;
	va_list args;
	int len;

	va_start(args, format);
	len = vasprintf(&text, format, args);
	va_end(args);
	if (len < 0)
		return err_sys(err, ENOMEM, "note");
	note = array_push(notes->items, notes->n);
	if (!note) {
		free(text);
		return err_sys(err, ENOMEM, "note");
	}
	note->kind = kind;
	note->text = text;
	return 0;
}

static int compare(const void *a, const void *b)
{
	const struct note *first = a, *second = b;

	if (first->kind != second->kind)
		return first->kind < second->kind ? -1 : 1;
	return strcmp(first->text, second->text);
}

void notes_sort(struct notes *notes)
{
	size_t kept = 0;

	if (notes->n == 0)
		return;
	qsort(notes->items, notes->n, sizeof(*notes->items), compare);
	for (size_t i = 1; i < notes->n; i++) {
		if (compare(&notes->items[kept], &notes->items[i]) == 0)
			free(notes->items[i].text);
		else
			notes->items[++kept] = notes->items[i];
	}
	notes->n = kept + 1;
}

void notes_print(const struct notes *notes, enum note_kind kind,
		 const char *prefix, FILE *out)
{
	for (size_t i = 0; i < notes->n; i++) {
		char words[1024];

		if (notes->items[i].kind != kind)
			continue;
		err_escape(notes->items[i].text, words, sizeof(words));
		fprintf(out, "%s%s\n", prefix, words);
	}
}

void notes_clear(struct notes *notes)
{
	for (size_t i = 0; i < notes->n; i++)
		free(notes->items[i].text);
	free(notes->items);
	*notes = (struct notes){0};
}
