#include "pattern.h"

#include <stdlib.h>

#include "test.h"

static const struct {
	const char *pattern, *path;
	bool matches;
} cases[] = {
	{"/a/b", "/a/b", true},
	{"/a/b", "/a/bc", false},
	{"*.py", "x.py", true},
	{"*.py", ".py", true},
	{"*.py", "a/x.py", false},
	{"/a/*", "/a/b", true},
	{"/a/*", "/a/b/c", false},
	{"/a/**", "/a/b/c", true},
	{"/a/**", "/a/", true},
	{"/a/**", "/b/c", false},
	{"/a/**/c", "/a/c", true},
	{"/a/**/c", "/a/b/c", true},
	{"/a/**/c", "/a/b/d/c", true},
	{"/a/**/c", "/a/xc", false},
	{"/a/**/c", "/a/b/xc", false},
	{"**/test", "test", true},
	{"**/test", "a/b/test", true},
	{"**/test", "a/btest", false},
	{"**/*.so", "a/b/c.so", true},
	{"**/a*/c", "x/ab/y/ac/c", true},
	{"**/a*/c", "x/ab/y/bc/c", false},
	{"?", "a", true},
	{"?", "/", false},
	{"?", "", false},
	{"[abc]x", "bx", true},
	{"[!abc]x", "bx", false},
	{"[^abc]x", "dx", true},
	{"[a-c]", "b", true},
	{"[a-c]", "d", false},
	{"[]x]", "]", true},
	{"[!/]", "/", false},
	{"[", "[", true},
	{"a[b", "a[b", true},
	{"\\*", "*", true},
	{"\\*", "a", false},
	{"lib*.so.*", "libc.so.6", true},
	{"*a*b*c", "xxaxxbxxc", true},
	{"*a*b*c", "xxaxxcxxb", false},
	{"a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false},
	{"", "", true},
	{"", "a", false},
	{"*", "", true},
	{"**", "a/b", true},
};

TEST(patterns_match_what_they_say)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		print_message("%s %s\n", cases[i].pattern, cases[i].path);
		assert_int_equal(pattern_match(cases[i].pattern, cases[i].path),
				 cases[i].matches);
	}
}

TEST(a_bracket_alone_is_a_name)
{
	assert_false(pattern_has_magic("/usr/bin/["));
	assert_false(pattern_has_magic("a\\*b"));
	assert_true(pattern_has_magic("[a]"));
	assert_true(pattern_has_magic("a?"));
	assert_false(pattern_has_magic("[a/b]"));
}

static char *joined(const struct matches *matches)
{
	char *text = calloc(1, 4096);

	for (size_t i = 0; i < matches->n; i++) {
		strcat(text, matches->paths[i]);
		strcat(text, " ");
	}
	return text;
}

static const struct {
	const char *pattern, *found;
} expansions[] = {
	{"/a/x.py", "/a/x.py "},
	{"/a/nothing", ""},
	{"/a/*.py", "/a/x.py /a/y.py "},
	{"/*/x.py", "/a/x.py /l/x.py "},
	{"/**/x.py", "/a/b/x.py /a/x.py "}, /* not by the link */
	{"/a/**", "/a/b /a/b/x.py /a/x.py /a/y.py "},
	{"/l/*", "/l/b /l/x.py /l/y.py "},
	{"/up/*", "/up/a /up/l /up/up "},
	{"/a/[xy].py", "/a/x.py /a/y.py "},
	{"/a/x.py/*", ""},
};

TEST(patterns_expand_in_the_source_and_stay_there)
{
	struct source *source = NULL;
	struct err err = {0};

	assert_int_equal(system("mkdir -p root/a/b && "
				"touch root/a/x.py root/a/y.py root/a/b/x.py "
				"&& ln -s /a root/l && ln -s .. root/up"),
			 0);
	assert_int_equal(source_open("root", &source, &err), 0);
	for (size_t i = 0; i < sizeof(expansions) / sizeof(*expansions); i++) {
		struct matches matches = {0};
		char *found;

		assert_int_equal(
			pattern_expand(source, expansions[i].pattern, &matches),
			0);
		found = joined(&matches);
		assert_string_equal(found, expansions[i].found);
		free(found);
		matches_clear(&matches);
	}
	source_free(source);
	assert_int_equal(system("rm -r root"), 0);
}

TEST_MAIN
