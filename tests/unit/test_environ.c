#include "environ.h"

#include "test.h"

TEST(no_name_is_there_twice)
{
	struct environ_list list = {0};
	struct err err = {0};

	assert_int_equal(environ_set(&list, "A", "1", &err), 0);
	assert_int_equal(environ_set(&list, "AB", "2", &err), 0);
	assert_int_equal(environ_put(&list, "A=3=4", &err), 0);
	assert_int_equal(environ_put(&list, "C=", &err), 0);
	assert_int_equal(list.n, 3);
	assert_string_equal(list.vars[0], "A=3=4");
	assert_string_equal(environ_get(&list, "AB"), "2");
	assert_string_equal(environ_get(&list, "C"), "");
	assert_null(environ_get(&list, "B"));
	assert_null(list.vars[3]);
	environ_free(&list);
}

TEST(refuses_what_has_no_name)
{
	struct environ_list list = {0};
	struct err err = {0};

	assert_int_equal(environ_put(&list, "=x", &err), -1);
	assert_int_equal(environ_put(&list, "x", &err), -1);
	assert_string_equal(err.msg, "environment \"x\" is not NAME=VALUE");
	assert_int_equal(err.kind, ERR_USAGE);
	assert_int_equal(list.n, 0);
	environ_free(&list);
}

TEST_MAIN
