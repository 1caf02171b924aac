#include "memo.h"

#include <stdio.h>
#include <stdlib.h>

#include "test.h"

TEST(every_key_has_its_own_value)
{
	struct memo memo = {0};
	char key[32];

	assert_null(memo_get(&memo, "x", 1));
	for (int i = 0; i < 5000; i++) {
		int len = snprintf(key, sizeof(key), "%d", i);
		void **place = memo_at(&memo, key, (size_t)len);

		assert_non_null(place);
		assert_null(*place);
		*place = calloc(1, sizeof(int));
		*(int *)*place = i;
	}
	for (int i = 0; i < 5000; i++) {
		int len = snprintf(key, sizeof(key), "%d", i);
		int *value = memo_get(&memo, key, (size_t)len);

		assert_non_null(value);
		assert_int_equal(*value, i);
		assert_ptr_equal(*memo_at(&memo, key, (size_t)len), value);
	}
	assert_int_equal(memo.n, 5000);
	memo_clear(&memo, free);
	assert_null(memo_get(&memo, "1", 1));
}

TEST(equal_strings_are_one_pointer)
{
	struct memo memo = {0};
	char copy[] = "libc.so.6";
	const char *first = memo_intern(&memo, "libc.so.6");

	assert_string_equal(first, "libc.so.6");
	for (int i = 0; i < 1000; i++) {
		char other[16];

		snprintf(other, sizeof(other), "%d", i);
		assert_non_null(memo_intern(&memo, other));
	}
	assert_ptr_equal(memo_intern(&memo, copy), first);
	assert_ptr_not_equal(memo_intern(&memo, ""), first);
	memo_clear(&memo, NULL);
}

TEST(keys_may_hold_any_byte)
{
	struct memo memo = {0};

	*memo_at(&memo, "a\0b", 3) = &memo;
	assert_null(memo_get(&memo, "a\0c", 3));
	assert_null(memo_get(&memo, "a", 1));
	assert_ptr_equal(memo_get(&memo, "a\0b", 3), &memo);
	memo_clear(&memo, NULL);
}

TEST_MAIN
