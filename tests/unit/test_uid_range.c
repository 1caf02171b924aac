#include "uid_range.h"

#include "test.h"

static const struct {
	const char *text;
	uid_t first, last; /* 0: refused */
} cases[] = {
	{"5-9", 5, 9},
	{"7-7", 7, 7},
	{"1-4294967294", 1, 4294967294u},
	{"0010-0011", 10, 11},
	{"0-5", 0, 0},
	{"9-5", 0, 0},
	{"1-4294967295", 0, 0},
	{"1-4294967297", 0, 0}, /* 1, in 32 bits */
	{"1-18446744073709551617", 0, 0},
	{"5", 0, 0},
	{"5-", 0, 0},
	{"-5", 0, 0},
	{"5-6-7", 0, 0},
	{"5 -6", 0, 0},
	{"+5-6", 0, 0},
	{"", 0, 0},
};

TEST(reads_ranges_and_nothing_else)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct uid_range range = {0, 0};
		struct err err = {0};
		int done = uid_range_parse(cases[i].text, &range, &err);

		assert_int_equal(done, cases[i].last ? 0 : -1);
		if (done < 0) {
			assert_int_equal(err.kind, ERR_USAGE);
			continue;
		}
		assert_int_equal(range.first, cases[i].first);
		assert_int_equal(range.last, cases[i].last);
	}
}

TEST_MAIN
