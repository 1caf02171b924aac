#include "words.h"

#include <stdio.h>
#include <stdlib.h>

#include "nearest.h"
#include "test.h"
#include "utf8.h"

TEST(only_shortest_forms_of_characters_are_utf8)
{
	static const struct {
		const char *text;
		size_t length;
	} cases[] = {
		{"a", 1},
		{"\x7f", 1},
		{"\xc3\xa9", 2},
		{"\xe2\x82\xac", 3},
		{"\xf0\x9f\x98\x80", 4},
		{"\xf4\x8f\xbf\xbf", 4},
		{"\x80", 0},
		{"\xc3", 0},
		{"\xc3(", 0},
		{"\xc0\xaf", 0},
		{"\xc1\xbf", 0},
		{"\xe0\x80\xaf", 0},
		{"\xe0\x9f\xbf", 0},
		{"\xed\xa0\x80", 0},
		{"\xed\xbf\xbf", 0},
		{"\xf0\x80\x80\xaf", 0},
		{"\xf0\x9f\x98", 0},
		{"\xf4\x90\x80\x80", 0},
		{"\xf8\x88\x80\x80", 0},
		{"\xff", 0},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_int_equal(
			utf8_sequence(cases[i].text, strlen(cases[i].text)),
			cases[i].length);
	assert_int_equal(utf8_sequence("\xe2\x82\xac", 2), 0);
	assert_int_equal(utf8_sequence("", 0), 0);
	assert_int_equal(utf8_sequence("", 1), 1);
	assert_true(utf8_is_control("\x1b", 1));
	assert_true(utf8_is_control("\xc2\x9b", 2));
	assert_false(utf8_is_control("\xc2\xa0", 2));
}

TEST(a_line_becomes_words)
{
	char line[] = "a\"b c\"d \t k=v \"k\"=v k\"=\"v k=\"v\" \"\" #x# \"y";
	struct words words = {0};
	struct err err = {0};
	static const struct {
		const char *text;
		bool is_plain;
		size_t key;
	} expected[] = {
		{"ab cd", true, 0}, {"k=v", true, 1}, {"k=v", false, 0},
		{"k=v", true, 0},   {"k=v", true, 1}, {"", false, 0},
	};

	assert_int_equal(words_split(line, strlen(line), &words, &err), 0);
	assert_int_equal(words.n, 6);
	for (size_t i = 0; i < words.n; i++) {
		assert_string_equal(words.items[i].text, expected[i].text);
		assert_int_equal(words.items[i].is_plain, expected[i].is_plain);
		assert_int_equal(words.items[i].key, expected[i].key);
	}
	words_clear(&words);
}

TEST(the_nearest_name_is_near_enough)
{
	static const struct {
		const char *word, *best;
	} cases[] = {
		{"bni", "bin"},
		{"bim", "bin"},
		{"", NULL},
		{"xyz", NULL},
		{"workdri", "workdir"},
		{"work", NULL},
		{"owrkdri", "workdir"},
		{"in", "bin"},
		{"x", NULL},
		{"a-very-long-word-that-is-longer-than-any-name-can-ever-be-"
		 "in-this-table",
		 NULL},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct nearest nearest;
		const char *best;

		nearest_start(&nearest, cases[i].word);
		nearest_offer(&nearest, "bin");
		nearest_offer(&nearest, "workdir");
		best = nearest_best(&nearest);
		if (cases[i].best)
			assert_string_equal(best, cases[i].best);
		else
			assert_null(best);
	}
}

TEST_MAIN
