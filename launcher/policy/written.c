#include "written.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "array.h"

static int no_memory(struct err *err)
{
	return err_sys(err, ENOMEM, "seccomp policy");
}

struct written *written_new(void)
{
	return calloc(1, sizeof(struct written));
}

/* The words of a rule that was written are ours; its struct does not say so. */
static void free_words(const char *words)
{
	union {
		const char *words;
		void *owned;
	} either = {words};

	free(either.owned);
}

void written_cut(struct written *written, size_t n)
{
	for (size_t i = n; i < written->n; i++) {
		free_words(written->rules[i].calls);
		free_words(written->rules[i].why);
	}
	written->n = n;
}

void written_free(struct written *written)
{
	if (!written)
		return;
	written_cut(written, 0);
	free_words(written->fallback.why);
	for (size_t i = 0; i < written->n_notes; i++)
		free(written->notes[i]);
	free(written->notes);
	free(written->rules);
	free(written);
}

int written_add(struct written *written, const struct rule *rule,
		struct err *err)
{
	/* Not array_push(): written_cut() would make it lose count. */
	struct rule *room =
		realloc(written->rules, (written->n + 1) * sizeof(*room));

	if (!room)
		return no_memory(err);
	written->rules = room;
	room += written->n++;
	*room = *rule;
	room->calls = strdup(rule->calls);
	room->why = strdup(rule->why);
	return room->calls && room->why ? 0 : no_memory(err);
}

int written_note(struct written *written, struct err *err, const char *format,
		 ...)
{
	char **room = array_push(written->notes, written->n_notes);
	va_list args;
	int made;

	if (!room)
		return no_memory(err);
	va_start(args, format);
	made = vasprintf(room, format, args);
	va_end(args);
	if (made >= 0)
		return 0;
	*room = NULL;
	return no_memory(err);
}

static int append(char **list, const char *calls, struct err *err)
{
	char *longer = NULL;

	if (asprintf(&longer, "%s%s%s", *list ? *list : "", *list ? " " : "",
		     calls) < 0)
		return no_memory(err);
	free(*list);
	*list = longer;
	return 0;
}

int written_list(char **list, struct name name, struct err *err)
{
	const struct syscall_name *row;
	struct name group;
	const char *calls;
	size_t cursor = 0;

	if (!name_is_group(name)) {
		if (name_find_call(name, &row, err) < 0)
			return -1;
		return row ? append(list, row->name, err) : 0;
	}
	if (name_find_group(name, &group, err) < 0)
		return -1;
	while ((calls = name_group_calls(group, &cursor)))
		if (append(list, calls, err) < 0)
			return -1;
	return 0;
}
