#include "json.h"

#include <stdlib.h>

#include "test.h"

static char *write_one(const char *value)
{
	struct json json;

	assert_int_equal(json_start(&json), 0);
	json_string(&json, NULL, value);
	return json_text(&json);
}

static const struct {
	const char *value, *text;
} cases[] = {
	{"plain", "\"plain\"\n"},
	{"a\"b\\c", "\"a\\\"b\\\\c\"\n"},
	{"\n\x7f\x01", "\"\\u000a\\u007f\\u0001\"\n"},
	{"\xc3\xa4", "\"\xc3\xa4\"\n"}, /* UTF-8 stays */
	{"\xe4", "\"\\u00e4\"\n"}, /* what is none does not */
	{"\xc3", "\"\\u00c3\"\n"},
	{"\xed\xa0\x80", "\"\\u00ed\\u00a0\\u0080\"\n"},
	{NULL, "null\n"},
};

TEST(any_bytes_make_a_valid_string)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char *text = write_one(cases[i].value);

		assert_string_equal(text, cases[i].text);
		free(text);
	}
}

TEST(nests_and_separates)
{
	struct json json;
	char *text;

	assert_int_equal(json_start(&json), 0);
	json_open(&json, NULL, '{');
	json_number(&json, "n", -5);
	json_open(&json, "empty", '[');
	json_close(&json, ']');
	json_open(&json, "list", '[');
	json_bool(&json, NULL, true);
	json_seconds(&json, NULL, 0.5);
	json_close(&json, ']');
	json_close(&json, '}');
	text = json_text(&json);
	assert_string_equal(text, "{\n \"n\": -5,\n \"empty\": [],\n \"list\": "
				  "[\n  true,\n  0.500000\n ]\n}\n");
	free(text);
}

TEST_MAIN
