#include "dlopen_note.h"

#include "test.h"

TEST(a_note_is_a_list_of_choices)
{
	struct dlopen_wishes wishes;
	struct err err = {0};

	assert_int_equal(
		dlopen_note_parse(
			"[{\"feature\":\"x\",\"priority\":\"required\","
			"\"soname\":[\"liba.so.2\",\"liba.so.1\"]},"
			"{\"soname\":[\"libb.so\"],\"priority\":\"suggested\"}"
			",{\"soname\":[\"libc.so\"]}]",
			&wishes, &err),
		0);
	assert_int_equal(wishes.n, 3);
	assert_int_equal(wishes.items[0].priority, WISH_REQUIRED);
	assert_int_equal(wishes.items[0].n_names, 2);
	assert_string_equal(wishes.items[0].names[1], "liba.so.1");
	assert_int_equal(wishes.items[1].priority, WISH_SUGGESTED);
	assert_int_equal(wishes.items[2].priority, WISH_RECOMMENDED);
	dlopen_wishes_clear(&wishes);
}

TEST(another_form_is_refused)
{
	static const char *const bad[] = {
		"",
		"{",
		"{}",
		"[{}]",
		"[{\"soname\":[]}]",
		"[{\"soname\":[1]}]",
		"[{\"soname\":\"liba.so\"}]",
		"[{\"soname\":[\"\"]}]",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct dlopen_wishes wishes;
		struct err err = {0};

		assert_int_equal(dlopen_note_parse(bad[i], &wishes, &err), -1);
		assert_int_equal(err.kind, ERR_INPUT);
		assert_memory_equal(err.msg, ".note.dlopen: ", 14);
	}
}

TEST_MAIN
