#pragma once
/*
 * test: a unit test is TEST(name_that_is_a_sentence) { ... }; every TEST of a
 * program is run, in the order of the file, by the main() that TEST_MAIN adds.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct CMUnitTest test_cases[256];
static size_t test_n_cases;

#define TEST(title)                                                            \
	static void title(void **state);                                       \
	__attribute__((constructor)) static void title##_add(void)             \
	{                                                                      \
		assert_true(test_n_cases < 256);                               \
		test_cases[test_n_cases].name = #title;                        \
		test_cases[test_n_cases++].test_func = title;                  \
	}                                                                      \
	static void title(void **state __attribute__((unused)))

#define TEST_MAIN                                                              \
	int main(void)                                                         \
	{                                                                      \
		return _cmocka_run_group_tests(__FILE__, test_cases,           \
					       test_n_cases, NULL, NULL);      \
	}
