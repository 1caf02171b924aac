#include "ldcache.h"

#include <elf.h>
#include <endian.h>
#include <stdio.h>
#include <stdlib.h>

#include "test.h"

/* A cache under construction. */
struct build {
	bool is_big;
	unsigned char bytes[4096];
	size_t n, strings;
};

struct line {
	uint32_t id;
	const char *name, *path;
	uint64_t hwcap;
};

static void put32(struct build *build, size_t at, uint32_t value)
{
	value = build->is_big ? htobe32(value) : htole32(value);
	memcpy(build->bytes + at, &value, 4);
}

static void put64(struct build *build, size_t at, uint64_t value)
{
	value = build->is_big ? htobe64(value) : htole64(value);
	memcpy(build->bytes + at, &value, 8);
}

static uint32_t put_string(struct build *build, size_t base, const char *text)
{
	uint32_t offset = (uint32_t)(build->n - base);

	strcpy((char *)build->bytes + build->n, text);
	build->n += strlen(text) + 1;
	return offset;
}

/* The new format at `base`, with one named capability "x86-64-v2". */
static void make(struct build *build, size_t base, const struct line *lines,
		 uint32_t n_lines)
{
	uint32_t name;
	size_t extension;

	memcpy(build->bytes + base, "glibc-ld.so.cache1.1", 20);
	put32(build, base + 20, n_lines);
	build->bytes[base + 28] = build->is_big ? 3 : 2;
	build->n = base + 48 + 24 * (size_t)n_lines;
	for (uint32_t i = 0; i < n_lines; i++) {
		size_t at = base + 48 + 24 * (size_t)i;

		put32(build, at, lines[i].id);
		put32(build, at + 4, put_string(build, base, lines[i].name));
		put32(build, at + 8, put_string(build, base, lines[i].path));
		put64(build, at + 16, lines[i].hwcap);
	}
	name = put_string(build, base, "x86-64-v2");
	extension = (build->n - base + 7) / 8 * 8;
	put32(build, base + 32, (uint32_t)extension);
	put32(build, base + extension, 0xeaa42174);
	put32(build, base + extension + 4, 1);
	put32(build, base + extension + 8, 1);
	put32(build, base + extension + 16, (uint32_t)extension + 24);
	put32(build, base + extension + 20, 4);
	put32(build, base + extension + 24, name);
	build->n = base + extension + 28;
}

static struct ldcache *open_cache(const struct build *build, uint16_t machine)
{
	struct elf_abi abi = {ELFCLASS64,
			      build->is_big ? ELFDATA2MSB : ELFDATA2LSB,
			      machine, 0};
	char *copy = malloc(build->n + 1);
	struct ldcache *cache;
	struct err err;

	assert_non_null(copy);
	memcpy(copy, build->bytes, build->n);
	assert_int_equal(ldcache_new(copy, build->n, &abi, &cache, &err), 0);
	return cache;
}

#define NAMED ((uint64_t)1 << 62)

static const struct line lines[] = {
	/* descending, as ldconfig sorts */
	{0x303, "libz.so.1", "/z", 0},
	{0x303, "libb.so.10", "/v2/b10", NAMED | 0},
	{0x303, "libb.so.10", "/bad", NAMED | 7},
	{0x403, "libb.so.10", "/s390/b10", 0},
	{0x303, "libb.so.10", "/legacy", 1u << 5},
	{0x303, "libb.so.10", "/b10", 0},
	{0x303, "libb.so.9", "/b9", (uint64_t)1 << 63 | 1},
	{0x303, "liba.so", "/a", 0},
};

static void check_lines(const struct ldcache *cache)
{
	assert_string_equal(ldcache_find(cache, "libz.so.1"), "/z");
	assert_string_equal(ldcache_find(cache, "libb.so.10"), "/b10");
	assert_string_equal(ldcache_find(cache, "libb.so.9"), "/b9");
	assert_string_equal(ldcache_find(cache, "liba.so"), "/a");
	assert_null(ldcache_find(cache, "libb.so.1"));
	assert_null(ldcache_find(cache, "libzz.so"));
	assert_null(ldcache_find(cache, ""));
	assert_string_equal(
		ldcache_find_hwcap(cache, "libb.so.10", "x86-64-v2"),
		"/v2/b10");
	assert_null(ldcache_find_hwcap(cache, "libb.so.10", "x86-64-v3"));
	assert_null(ldcache_find_hwcap(cache, "liba.so", "x86-64-v2"));
}

TEST(finds_what_the_least_cpu_takes)
{
	struct build build = {0};
	struct ldcache *cache;

	make(&build, 0, lines, 8);
	cache = open_cache(&build, EM_X86_64);
	check_lines(cache);
	ldcache_free(cache);
}

TEST(reads_the_new_format_behind_the_old)
{
	struct build build = {0};
	struct ldcache *cache;

	memcpy(build.bytes, "ld.so-1.7.0", 11);
	put32(&build, 12, 3);
	make(&build, 56, lines, 8); /* 16 + 3 * 12, a multiple of 8 */
	cache = open_cache(&build, EM_X86_64);
	check_lines(cache);
	ldcache_free(cache);
	put32(&build, 12, 0xffffffff);
	assert_null(open_cache(&build, EM_X86_64));
}

TEST(reads_the_other_byte_order)
{
	struct build build = {.is_big = true};
	struct ldcache *cache;

	make(&build, 0, lines, 8);
	cache = open_cache(&build, EM_S390);
	assert_string_equal(ldcache_find(cache, "libb.so.10"), "/s390/b10");
	assert_null(ldcache_find(cache, "libz.so.1"));
	ldcache_free(cache);
	build.is_big = false;
	assert_null(open_cache(&build, EM_X86_64));
}

/* Every cut and every changed byte: an answer that lies within, or none. */
TEST(broken_bytes_lead_nowhere)
{
	struct build build = {0}, broken;

	make(&build, 0, lines, 8);
	for (size_t i = 0; i < 2 * build.n; i++) {
		struct ldcache *cache;

		broken = build;
		if (i < build.n)
			broken.n = i;
		else
			broken.bytes[i - build.n] ^= 0xff;
		cache = open_cache(&broken, EM_X86_64);
		if (!cache)
			continue;
		ldcache_find(cache, "libb.so.10");
		ldcache_find_hwcap(cache, "libb.so.10", "x86-64-v2");
		ldcache_free(cache);
	}
}

TEST(digits_compare_as_numbers)
{
	assert_true(ldcache_compare("libb.so.9", "libb.so.10") < 0);
	assert_true(ldcache_compare("libb.so.10", "libb.so.9") > 0);
	assert_true(ldcache_compare("libb.so.010", "libb.so.10") == 0);
	assert_true(ldcache_compare("libb", "libb2") < 0);
	assert_true(ldcache_compare("libb2", "libbz") > 0);
	assert_true(ldcache_compare("libbz", "libb2") < 0);
	assert_true(ldcache_compare("liba", "libb") < 0);
	assert_true(ldcache_compare("", "") == 0);
}

TEST_MAIN
