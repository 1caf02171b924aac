#include "limit.h"

#include <stdio.h>

#include "test.h"

#define K 1024ull

static const struct {
	const char *text;
	enum limit limit;
	uint64_t value;
} good[] = {
	{"memory=128M", LIMIT_MEMORY, 128 * K *K},
	{"memory=1.5G", LIMIT_MEMORY, 1536 * K *K},
	{"memory=4096", LIMIT_MEMORY, 4096},
	{"memory=0.5T", LIMIT_MEMORY, 512 * K *K *K},
	{"as=unlimited", LIMIT_AS, LIMIT_UNLIMITED},
	{"core=0", LIMIT_CORE, 0},
	{"fsize=1K", LIMIT_FSIZE, K},
	{"stack=0008M", LIMIT_STACK, 8 * K *K},
	{"wall-time=10", LIMIT_WALL_TIME, 10000},
	{"wall-time=1.5s", LIMIT_WALL_TIME, 1500},
	{"wall-time=500ms", LIMIT_WALL_TIME, 500},
	{"cpu-time=2m", LIMIT_CPU_TIME, 120000},
	{"cpu-time=0.5h", LIMIT_CPU_TIME, 1800000},
	{"pids=64", LIMIT_PIDS, 64},
	{"cpus=0.5", LIMIT_CPUS, 500},
	{"cpus=2", LIMIT_CPUS, 2000},
	{"nofile=3", LIMIT_NOFILE, 3},
};

TEST(values_become_base_units)
{
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		enum limit limit = N_LIMITS;
		uint64_t value = 0;
		struct err err = {0};

		if (limit_parse(good[i].text, &limit, &value, &err) < 0)
			fail_msg("%s: %s", good[i].text, err.msg);
		assert_int_equal(limit, good[i].limit);
		assert_true(value == good[i].value);
	}
}

TEST(what_has_no_exact_value_is_refused)
{
	static const char *const bad[] = {
		"memory=",
		"memory= 1M",
		"memory=+4096",
		"memory=4096 ",
		"memory=1.M",
		"memory=.5M",
		"memory=1.5.5M",
		"memory=1m",
		"memory=1MB",
		"memory=0x1000",
		"memory=1e9",
		"memory=4095",
		"memory=4096.5",
		"memory=16777216T",
		"memory=18446744073709551616",
		"memory=1.00000000000000000000G",
		"wall-time=0",
		"wall-time=0.5ms",
		"wall-time=1K",
		"pids=0",
		"pids=1K",
		"pids=4194305",
		"cpus=0.0001",
		"cpus=0.001",
		"nofile=2",
		"Memory=1G",
		"=1",
		"memory",
		"",
		"memoryx=1G",
		"a-name-that-is-longer-than-any-limit=1",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		enum limit limit;
		uint64_t value;
		struct err err = {0};

		if (limit_parse(bad[i], &limit, &value, &err) == 0)
			fail_msg("%s is accepted", bad[i]);
		assert_int_equal(err.kind, ERR_USAGE);
		assert_true(strlen(err.msg) > 20);
	}
}

TEST(rows_are_sorted_and_whole)
{
	for (int i = 0; i < N_LIMITS; i++) {
		assert_non_null(limit_rows[i].name);
		assert_true(limit_rows[i].least < limit_rows[i].most);
		assert_true(i == 0 || strcmp(limit_rows[i - 1].name,
					     limit_rows[i].name) < 0);
	}
}

TEST_MAIN
