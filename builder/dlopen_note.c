#include "dlopen_note.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"

static void json_cleanup(json_t **json)
{
	json_decref(*json);
}

void dlopen_wishes_clear(struct dlopen_wishes *wishes)
{
	for (size_t i = 0; i < wishes->n; i++) {
		for (size_t j = 0; j < wishes->items[i].n_names; j++)
			free(wishes->items[i].names[j]);
		free(wishes->items[i].names);
	}
	free(wishes->items);
	*wishes = (struct dlopen_wishes){0};
}

/* Left out, the standard says, it is "recommended". */
static enum dlopen_priority priority_of(const json_t *item)
{
	const char *text = json_string_value(json_object_get(item, "priority"));

	if (text && strcmp(text, "required") == 0)
		return WISH_REQUIRED;
	if (text && strcmp(text, "suggested") == 0)
		return WISH_SUGGESTED;
	return WISH_RECOMMENDED;
}

static int add_names(struct dlopen_wish *wish, const json_t *names,
		     struct err *err)
{
	for (size_t i = 0; i < json_array_size(names); i++) {
		const char *name = json_string_value(json_array_get(names, i));
		char **place;

		if (!name || !*name)
			return err_set(err, ERR_INPUT,
				       ".note.dlopen: a soname is no string");
		place = array_push(wish->names, wish->n_names);
		if (!place || !(*place = strdup(name)))
			return err_sys(err, ENOMEM, ".note.dlopen");
	}
	return 0;
}

static int add_wish(struct dlopen_wishes *wishes, const json_t *item,
		    struct err *err)
{
	const json_t *names = json_object_get(item, "soname");
	struct dlopen_wish *wish;

	if (!json_is_array(names) || json_array_size(names) == 0)
		return err_set(err, ERR_INPUT,
			       ".note.dlopen: an item without \"soname\"");
	wish = array_push(wishes->items, wishes->n);
	if (!wish)
		return err_sys(err, ENOMEM, ".note.dlopen");
	wish->priority = priority_of(item);
	return add_names(wish, names, err);
}

int dlopen_note_parse(const char *text, struct dlopen_wishes *out,
		      struct err *err)
{
	json_t *json __attribute__((cleanup(json_cleanup))) = NULL;
	json_error_t why;

	*out = (struct dlopen_wishes){0};
	json = json_loads(text, JSON_REJECT_DUPLICATES, &why);
	if (!json)
		return err_set(err, ERR_INPUT, ".note.dlopen: %s", why.text);
	if (!json_is_array(json))
		return err_set(err, ERR_INPUT,
			       ".note.dlopen: not a list of items");
	for (size_t i = 0; i < json_array_size(json); i++) {
		if (add_wish(out, json_array_get(json, i), err) < 0) {
			dlopen_wishes_clear(out);
			return -1;
		}
	}
	return 0;
}
