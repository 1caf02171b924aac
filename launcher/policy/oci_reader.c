#include "oci_reader.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "nearest.h"

/*
 * The greatest number, and what stands for it where the parser reads: a real of
 * the same length, which is 2^64.
 */
static const char greatest[] = "18446744073709551615";
static const char as_real[] = "18446744073709552e3 ";
_Static_assert(sizeof(greatest) == sizeof(as_real), "places stay");

static size_t string_length(const char *text)
{
	const char *at;

	for (at = text + 1; *at && *at != '"'; at++)
		if (*at == '\\' && at[1])
			at++;
	return (size_t)(at - text);
}

static void replace_greatest(char *text, size_t len)
{
	const size_t digits = sizeof(greatest) - 1;

	for (size_t i = 0; i < len; i++) {
		size_t n = strspn(text + i, "+-.0123456789eE");

		if (n == digits && memcmp(text + i, greatest, n) == 0)
			memcpy(text + i, as_real, n);
		else if (text[i] == '"')
			n = string_length(text + i) + 1;
		i += n ? n - 1 : 0;
	}
}

json_t *oci_parse(const char *text, size_t len, json_error_t *why)
{
	auto_free char *copy = malloc(len + 1);

	if (!copy) {
		*why = (json_error_t){.text = "no memory"};
		return NULL;
	}
	memcpy(copy, text, len);
	copy[len] = '\0';
	replace_greatest(copy, len);
	return json_loadb(copy, len, JSON_REJECT_DUPLICATES, why);
}

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
	bool is_greatest = json_is_real(value) &&
			   json_real_value(value) >= 0x1p64 &&
			   json_real_value(value) <= 0x1p64;

	if (!is_greatest && (!json_is_integer(value) || number < 0))
		return oci_wrong(reader, place,
				 "a whole number, not negative, belongs here");
	*out = is_greatest ? UINT64_MAX : (uint64_t)number;
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
