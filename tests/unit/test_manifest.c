#include "manifest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "directives.h"
#include "test.h"

static char *canonical(const char *text, size_t len)
{
	auto_of(manifest) struct manifest *manifest = NULL;
	struct err err = {0};
	char *out;

	if (manifest_read_text(text, len, "t", &manifest, &err) < 0 ||
	    manifest_text(manifest, &out, &len, &err) < 0)
		return strdup(err.msg);
	return out;
}

static void assert_canonical(const char *text, const char *expected)
{
	auto_free char *once = canonical(text, strlen(text));
	auto_free char *twice = canonical(once, strlen(once));

	assert_string_equal(once, expected);
	assert_string_equal(twice, expected);
}

static void assert_refused(const char *text, const char *expected)
{
	auto_free char *said = canonical(text, strlen(text));

	assert_string_equal(said, expected);
}

TEST(a_list_of_programs_is_a_manifest)
{
	assert_canonical("ls\n/bin/sh\n?vim\n\"bin\"\n",
			 "bin /bin/sh\nbin bin\nbin ls\n?bin vim\n");
}

TEST(order_blanks_comments_and_quotes_do_not_matter)
{
	const char *expected = "bin a\nentry a \"b c\"\nnet none\n";

	assert_canonical("net none\nentry a \"b c\"\nbin a\n", expected);
	assert_canonical("bin\ta # x\n\n# y\nentry a b\" \"c\nnet \"none\"",
			 expected);
}

TEST(every_byte_but_nul_goes_through_a_text)
{
	char in[1200] = "text /x \"", *at = in + strlen(in);
	auto_of(manifest) struct manifest *manifest = NULL, *again = NULL;
	auto_free char *text = NULL;
	struct err err = {0};
	size_t len;

	for (int byte = 1; byte < 256; byte++)
		at += sprintf(at, "\\x%02X", (unsigned)byte);
	strcpy(at, "\"\n");
	assert_int_equal(
		manifest_read_text(in, strlen(in), "t", &manifest, &err), 0);
	for (int byte = 1; byte < 256; byte++)
		assert_int_equal(
			(unsigned char)manifest->entries[0].args[1][byte - 1],
			byte);
	assert_int_equal(manifest_text(manifest, &text, &len, &err), 0);
	assert_int_equal(manifest_read_text(text, len, "t", &again, &err), 0);
	assert_string_equal(manifest->entries[0].args[1],
			    again->entries[0].args[1]);
}

TEST(what_needs_quotes_gets_them_and_nothing_else)
{
	assert_canonical(
		"entry a \"\" \"#\" \"a#\" \"'\" \"\\\"\" \"\\\\\" \"a b\" "
		"k=v \"\\xc3\\xa9\" \"\\xc3\" \"\\x7f\" \"\\xc2\\x85\"\n",
		"entry a \"\" \"#\" a# \"'\" \"\\\"\" \"\\\\\" \"a b\" k=v "
		"\xc3\xa9 \"\\xc3\" \"\\x7f\" \"\\xc2\\x85\"\n");
	assert_refused("file \"as=/x\"\n", "t:1: \"as=/x\" is not an "
					   "absolute path; begin it with "
					   "\"/\"");
	assert_canonical("text /x \"mode=1\"\n", "text /x \"mode=1\"\n");
	assert_canonical("text /x mode\"=\"1\n", "text /x \"mode=1\"\n");
	assert_canonical("bin \"a=b\"\n", "bin \"a=b\"\n");
	assert_canonical("env A=\"b c\"\n", "env A=\"b c\"\n");
	assert_canonical("\"env\" as=/x\n", "bin env as=/x\n");
}

TEST(each_argument_of_a_list_is_an_entry)
{
	assert_canonical("file /a /b mode=644\ndev zero null zero\n",
			 "file /a mode=644\nfile /b mode=644\ndev null\n"
			 "dev zero\n");
	assert_refused("file /a /b as=/c\n",
		       "t:1: as= with 2 arguments: it names one path");
	assert_refused("?file /a* as=/c\n",
		       "t:1: as= with a pattern: it names one path");
	assert_canonical("bin /usr/bin/[ as=/[\n", "bin /usr/bin/[ as=/[\n");
}

TEST(keys_are_sorted_and_paths_squeezed)
{
	assert_canonical("user u uid=7 shell=//bin//sh/ gid=8\n",
			 "user u gid=8 shell=/bin/sh uid=7\n");
	assert_canonical("dir /\ndir ///a///b//\n", "dir /\ndir /a/b\n");
}

TEST(the_entry_that_must_be_there_wins)
{
	assert_canonical("?bin a\nbin a\n", "bin a\n");
	assert_canonical("? bin a\n?bin a\n", "?bin a\n");
}

TEST(a_setting_is_there_once_or_both_lines_are_named)
{
	assert_canonical("env A=1\nenv AB=2\nenv A=1\n", "env A=1\nenv AB=2\n");
	assert_refused("env A=1\nenv AB=2\nenv A=2\n",
		       "t:3: env A is something else in t:1; keep one");
	assert_refused("entry a\nentry a b\n",
		       "t:2: entry is something else in t:1; keep one");
	assert_refused("user u uid=1\nuser u uid=2\n",
		       "t:2: user u is something else in t:1; keep one");
}

TEST(an_embedded_manifest_stands_alone)
{
	assert_refused("bin a\nuse base\n",
		       "t:2: use is not possible here: this manifest must "
		       "stand alone");
}

TEST(values_can_be_found_by_key_and_verb)
{
	auto_of(manifest) struct manifest *manifest = NULL;
	const char *text = "text /x y mode=0600\nworkdir /x\n";
	struct err err = {0};

	assert_int_equal(
		manifest_read_text(text, strlen(text), "t", &manifest, &err),
		0);
	assert_string_equal(entry_value(&manifest->entries[0], "mode"), "0600");
	assert_null(entry_value(&manifest->entries[0], "as"));
	assert_ptr_equal(manifest_find(manifest, VERB_WORKDIR),
			 &manifest->entries[1]);
	assert_null(manifest_find(manifest, VERB_ENTRY));
}

TEST(a_launcher_passes_by_what_is_for_the_builder)
{
	auto_of(manifest) struct manifest *manifest = NULL;
	const char *text = "bin a\n?tree /x mode=\nomit\x01 y\nopaque z z\n"
			   "binx";
	const char *good = "bin a\n?tree /x mode=\nentry /x\nlib b c\n"
			   "env A=b\n";
	struct err err = {0};

	assert_int_equal(
		manifest_read_launch(text, strlen(text), "t", &manifest, &err),
		-1);
	assert_non_null(strstr(err.msg, "t:3: "));
	assert_int_equal(
		manifest_read_launch(good, strlen(good), "t", &manifest, &err),
		0);
	assert_int_equal(manifest->n, 2);
	assert_int_equal(manifest->entries[0].verb, VERB_ENTRY);
	assert_int_equal(manifest->entries[1].verb, VERB_ENV);
	assert_int_equal(manifest->entries[1].line, 5);
}

/* --- bounds -------------------------------------------------------------- */

static char *repeat(const char *text, size_t n)
{
	size_t len = strlen(text), i;
	char *out = malloc(n * len + 1);

	for (i = 0; i < n; i++)
		memcpy(out + i * len, text, len);
	out[n * len] = '\0';
	return out;
}

TEST(sizes_are_bounded)
{
	auto_free char *longest = repeat("#", MANIFEST_MAX_LINE);
	auto_free char *longer = repeat("#", MANIFEST_MAX_LINE + 1);
	auto_free char *big = repeat("#\n", MANIFEST_MAX_BYTES / 2 + 1);
	auto_free char *many = repeat("a\n", MANIFEST_MAX_ENTRIES + 1);
	auto_free char *growing = repeat("omit /a /b\nbin aa bb\n", 1);

	assert_canonical(longest, "");
	assert_refused(longer, "t:1: a line of 65537 bytes; 65536 are "
			       "possible");
	assert_refused(big, "t: has more than 1 MiB");
	assert_refused(many, "t:32769: more than 32768 entries");
	many[strlen(many) - 2] = '\0';
	assert_canonical(many, "bin a\n");
	assert_canonical(growing, "bin aa\nbin bb\nomit /a\nomit /b\n");
}

/* Many entries on few lines: their canonical form is too large to embed. */
TEST(the_canonical_form_is_bounded)
{
	char *text = calloc(1, MANIFEST_MAX_BYTES + 1), *at = text;
	auto_free char *said = NULL;

	for (int i = 0; i < 31000; i++)
		at += sprintf(at, "%s/%027d%s", i % 500 ? " " : "omit ", i,
			      i % 500 == 499 ? "\n" : "");
	said = canonical(text, strlen(text));
	free(text);
	assert_string_equal(said, "the canonical manifest has 1054000 bytes; "
				  "1048576 are possible");
}

/* Sixteen lines of 60,000 bytes, each one that a careless reader would go
 * through again and again; accepted or not, it takes no time worth noting. */
TEST(time_is_linear_in_the_size)
{
	static const struct {
		const char *start, *again;
	} worst[] = {
		{"", "a "},
		{"omit ", "/a "},
		{"entry ", "a "},
		{"bin as=/x ", "["},
		{"bin as=/x ", "[]"},
		{"bin ", "../"},
		{"bin ", "{"},
		{"bin ", "{lib}"},
		{"bin ", "a//"},
		{"text /x ", "\"\\x41\""},
		{"env A=", "\"\""},
		{"env ", "A"},
		{"user u ", "uid=1 "},
		{"caps /x ", "cap_kill,"},
		{"dev ", "null "},
		{"limit ", "memory="},
		{"limit memory=", "1"},
		{"link /a -> ", "../"},
	};

	for (size_t i = 0; i < sizeof(worst) / sizeof(*worst); i++) {
		auto_free char *body =
			repeat(worst[i].again, 59000 / strlen(worst[i].again));
		auto_free char *text = calloc(1, MANIFEST_MAX_BYTES + 1);
		clock_t before = clock();
		char *at = text;

		for (int line = 0; line < 16; line++)
			at += sprintf(at, "%s%s\n", worst[i].start, body);
		free(canonical(text, strlen(text)));
		if (clock() - before > CLOCKS_PER_SEC)
			fail_msg("%s%s...", worst[i].start, worst[i].again);
	}
}

TEST(every_verb_has_a_row)
{
	for (int verb = 0; verb < N_VERBS; verb++) {
		const struct directive *row = directive_of((enum verb)verb);
		enum verb found;

		assert_non_null(row->verb);
		assert_ptr_equal(directive_find(row->verb, &found), row);
		assert_int_equal(found, verb);
		assert_true(row->least_args <= row->most_args);
		assert_true(row->most_args == 0 || row->checks[0]);
	}
}

TEST_MAIN
