/* On a machine that has more processors than one cpu_set_t has room for. */
#include "cpus.h"

#include <errno.h>
#include <sched.h>
#include <string.h>

#include "test.h"

static size_t n_possible;

int sched_getaffinity(pid_t pid, size_t size, cpu_set_t *set)
{
	(void)pid;
	if (size * 8 < n_possible) {
		errno = EINVAL;
		return -1;
	}
	memset(set, 0, size);
	CPU_SET_S(0, size, set);
	CPU_SET_S(n_possible / 2, size, set);
	CPU_SET_S(n_possible - 1, size, set);
	return 0;
}

TEST(all_are_counted)
{
	n_possible = 64;
	assert_int_equal(cpus_usable(), 3);
	n_possible = 8192;
	assert_int_equal(cpus_usable(), 3);
}

TEST(what_the_kernel_does_not_say_is_not_made_up)
{
	n_possible = 1 << 20;
	assert_int_equal(cpus_usable(), 0);
}

TEST_MAIN
