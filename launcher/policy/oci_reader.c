#include "oci_reader.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "nearest.h"

static void print_place(const struct place *place, FILE *out)
{
	if (!place)
		return;
	print_place(place->above, out);
	if (place->key)
		fprintf(out, "%s%s", place->above ? "." : "", place->key);
	else
		fprintf(out, "[%zu]", place->index);
}

char *oci_place_text(const struct place *place)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	print_place(place, out);
	if (fclose(out) == 0)
		return text;
	free(text);
	return NULL;
}

int oci_wrong(struct reader *reader, const struct place *place,
	      const char *format, ...)
{
	auto_free char *where = oci_place_text(place);
	auto_free char *what = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&what, format, args) < 0)
		what = NULL;
	va_end(args);
	return err_set(reader->err, ERR_MANIFEST, "%s: %s%s%s", reader->name,
		       where ? where : "", where && *where ? ": " : "",
		       what ? what : "no memory");
}

int oci_check_keys(struct reader *reader, const struct place *place,
		   json_t *object, const char *known)
{
	const char *key;
	json_t *value;

	if (!json_is_object(object))
		return oci_wrong(reader, place, "an object belongs here");
	json_object_foreach(object, key, value)
	{
		const char *cursor = known;
		struct nearest nearest;
		struct name name;
		bool found = false;

		nearest_start(&nearest, key);
		while (!found && name_next(&cursor, ' ', &name)) {
			char text[32] = "";

			memcpy(text, name.text, name.len);
			nearest_offer(&nearest, text);
			found = name_is(name, key);
		}
		if (!found && nearest_best(&nearest))
			return oci_wrong(
				reader, place,
				"no key is named \"%.100s\"; the nearest "
				"is \"%s\"",
				key, nearest_best(&nearest));
		if (!found)
			return oci_wrong(reader, place,
					 "no key is named \"%.100s\"", key);
	}
	return 0;
}

int oci_get_list(struct reader *reader, const struct place *above,
		 json_t *object, const char *key, json_t **out)
{
	const struct place place = {above, key, 0};

	*out = json_object_get(object, key);
	if (json_is_null(*out))
		*out = NULL;
	if (*out && !json_is_array(*out))
		return oci_wrong(reader, &place, "a list belongs here");
	return 0;
}

int oci_get_string(struct reader *reader, const struct place *place,
		   json_t *value, const char **out)
{
	*out = json_string_value(value);
	return *out ? 0 : oci_wrong(reader, place, "a string belongs here");
}

int oci_get_number(struct reader *reader, const struct place *place,
		   json_t *value, uint64_t most, uint64_t *out)
{
	json_int_t number = json_integer_value(value);

	if (!json_is_integer(value) || number < 0)
		return oci_wrong(reader, place,
				 "a whole number, not negative, belongs here");
	*out = (uint64_t)number;
	return *out <= most ? 0
			    : oci_wrong(reader, place,
					"%" PRIu64 " is more than %" PRIu64,
					*out, most);
}

int oci_find_word(struct reader *reader, const struct place *place,
		  const struct oci_word *words, const char *text, int *out)
{
	struct nearest nearest;

	nearest_start(&nearest, text);
	for (; words->text; words++) {
		if (strcmp(words->text, text) == 0) {
			*out = words->value;
			return 0;
		}
		nearest_offer(&nearest, words->text);
	}
	if (nearest_best(&nearest))
		return oci_wrong(
			reader, place,
			"\"%.100s\" is not known; the nearest is \"%s\"", text,
			nearest_best(&nearest));
	return oci_wrong(reader, place, "\"%.100s\" is not known", text);
}

int oci_get_word(struct reader *reader, const struct place *above,
		 json_t *object, const char *key, const struct oci_word *words,
		 int *out)
{
	const struct place place = {above, key, 0};
	const char *text;

	if (oci_get_string(reader, &place, json_object_get(object, key),
			   &text) < 0)
		return -1;
	return oci_find_word(reader, &place, words, text, out);
}
