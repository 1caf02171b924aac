#include "refusals.h"

#include <errno.h>

#include "test.h"

#define REFUSED (SECCOMP_RET_ERRNO | EPERM)

static struct refusals table;

static struct refusal *add(int nr, uint64_t first, uint32_t action,
			   uint32_t looked_at)
{
	struct seccomp_data call = {.nr = nr, .args = {first}};

	return refusals_add(&table, &call,
			    (struct filter_answer){action, looked_at});
}

static uint64_t counted(void)
{
	uint64_t sum = table.n_more;

	for (uint32_t i = 0; i < table.n; i++)
		sum += table.items[i].count;
	return sum;
}

TEST(what_decided_nothing_makes_no_kind)
{
	table = (struct refusals){0};
	add(1, 5, REFUSED, 0);
	add(1, 6, REFUSED, 0);
	assert_int_equal(table.n, 1);
	assert_int_equal(table.items[0].count, 2);
	assert_int_equal(table.items[0].args[0], 5);
}

TEST(arguments_that_decided_do)
{
	table = (struct refusals){0};
	add(1, 5, REFUSED, 1);
	add(1, 6, REFUSED, 1);
	add(1, 5 | 1ull << 32, REFUSED, 1); /* the low half is the same */
	add(1, 5 | 1ull << 32, REFUSED, 3);
	add(1, 5, REFUSED, 3);
	assert_int_equal(table.n, 4);
	assert_int_equal(table.items[0].count, 2);
}

TEST(answers_and_numbers_do)
{
	table = (struct refusals){0};
	add(1, 0, REFUSED, 0);
	add(1, 0, SECCOMP_RET_KILL_PROCESS, 0);
	add(2, 0, REFUSED, 0);
	assert_int_equal(table.n, 3);
}

TEST(one_call_takes_no_more_than_its_room)
{
	table = (struct refusals){0};
	for (unsigned i = 0; i < 1000; i++)
		add(1, i, REFUSED, 1);
	assert_int_equal(table.n, REFUSALS_OF_ONE_CALL + 1);
	assert_true(table.items[REFUSALS_OF_ONE_CALL].is_mixed);
	assert_int_equal(table.items[REFUSALS_OF_ONE_CALL].count,
			 1000 - REFUSALS_OF_ONE_CALL);
	assert_int_equal(counted(), 1000);
	add(1, 0, REFUSED, 1); /* a kind that has its own */
	assert_int_equal(table.items[0].count, 2);
}

TEST(what_finds_no_room_is_counted)
{
	table = (struct refusals){0};
	for (int nr = 0; nr < 400; nr++)
		for (unsigned i = 0; i < 20; i++)
			add(nr, i, REFUSED, 1);
	assert_int_equal(table.n, REFUSALS_MOST);
	assert_null(add(399, 0, REFUSED, 1));
	assert_int_equal(counted(), 400 * 20 + 1);
}

/* What a broken-off call was counted as. */
TEST(a_kind_of_which_nothing_is_left_is_the_same_kind)
{
	table = (struct refusals){0};
	add(1, 0, REFUSED, 0)->count--;
	assert_int_equal(add(1, 0, REFUSED, 0)->count, 1);
	assert_int_equal(table.n, 1);
}

TEST_MAIN
