#include "known_device.h"

#include <stdio.h>

#include "test.h"

TEST(the_words_are_the_names_of_the_table)
{
	char words[100] = "";
	size_t n = 0;

	for (size_t i = 0; i < N_KNOWN_DEVICES; i++)
		n += (size_t)snprintf(words + n, sizeof(words) - n, "%s%s",
				      i ? " " : "", known_devices[i].name);
	assert_string_equal(words, KNOWN_DEVICE_WORDS);
}

TEST(a_device_is_found_by_its_whole_name_and_both_numbers)
{
	assert_ptr_equal(known_device_named("zero,tty", 4), &known_devices[1]);
	assert_null(known_device_named("zer", 3));
	assert_null(known_device_named("null0", 5));
	assert_ptr_equal(known_device_numbered(5, 0), &known_devices[5]);
	assert_null(known_device_numbered(1, 4));
	assert_null(known_device_numbered(3, 1));
}

TEST_MAIN
