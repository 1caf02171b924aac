#include "ldcache_write.h"

#include <stdlib.h>
#include <unistd.h>
#include </usr/include/elf.h>

#include "ldcache.h"
#include "test.h"

static const struct elf_abi native = {ELFCLASS64, ELFDATA2LSB, EM_X86_64, 0};
static const struct elf_abi arm = {ELFCLASS64, ELFDATA2LSB, EM_AARCH64, 0};
static const struct elf_abi big = {ELFCLASS64, ELFDATA2MSB, EM_S390, 0};

static const struct {
	const char *name, *path;
} libraries[] = {
	{"libz.so.1", "/usr/lib/libz.so.1"},
	{"libfoo.so.10", "/opt/ten/libfoo.so.10"},
	{"libfoo.so.9", "/opt/nine/libfoo.so.9"},
	{"liba.so", "/usr/lib/liba.so"},
	{"libfoo.so.2", "/opt/two/libfoo.so.2"},
};
#define N 5

static char *write_for(const struct elf_abi *abi, const size_t *order,
		       size_t *len)
{
	struct ldcache_entry entries[N];
	struct err err = {0};
	char *data = NULL;

	for (size_t i = 0; i < N; i++)
		entries[i] =
			(struct ldcache_entry){libraries[order[i]].name,
					       libraries[order[i]].path, *abi};
	assert_int_equal(ldcache_write(entries, N, &data, len, &err), 0);
	return data;
}

static const size_t forward[N] = {0, 1, 2, 3, 4};
static const size_t shuffled[N] = {3, 0, 4, 2, 1};

TEST(what_is_written_is_read_back)
{
	const struct elf_abi *abis[] = {&native, &arm, &big};

	for (size_t a = 0; a < 3; a++) {
		struct ldcache *cache = NULL;
		struct err err = {0};
		size_t len;
		char *data = write_for(abis[a], forward, &len);

		assert_int_equal(ldcache_new(data, len, abis[a], &cache, &err),
				 0);
		assert_non_null(cache);
		for (size_t i = 0; i < N; i++)
			assert_string_equal(
				ldcache_find(cache, libraries[i].name),
				libraries[i].path);
		assert_null(ldcache_find(cache, "libfoo.so"));
		ldcache_free(cache);
	}
}

TEST(the_order_of_the_entries_does_not_matter)
{
	size_t len, len2;
	char *one = write_for(&native, forward, &len);
	char *two = write_for(&native, shuffled, &len2);

	assert_int_equal(len, len2);
	assert_memory_equal(one, two, len);
	free(one);
	free(two);
}

TEST(another_machine_does_not_find_its_libraries_in_it)
{
	struct ldcache *cache = NULL;
	struct err err = {0};
	size_t len;
	char *data = write_for(&arm, forward, &len);

	assert_int_equal(ldcache_new(data, len, &native, &cache, &err), 0);
	if (cache)
		assert_null(ldcache_find(cache, "libz.so.1"));
	ldcache_free(cache);
}

/* ldconfig of the C library reads it too. */
TEST(ldconfig_lists_it)
{
	char line[256], name[] = "ldcache.XXXXXX", command[128];
	size_t len, lines = 0;
	char *data = write_for(&native, forward, &len);
	int fd = mkstemp(name);
	FILE *pipe;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, len), (ssize_t)len);
	close(fd);
	free(data);
	snprintf(command, sizeof(command), "/sbin/ldconfig -p -C %s", name);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	while (fgets(line, sizeof(line), pipe)) {
		if (lines == 0)
			assert_non_null(strstr(line, "5 libs found"));
		if (lines == 2) /* descending, digits as numbers */
			assert_string_equal(line,
					    "\tlibfoo.so.10 (libc6,x86-64) => "
					    "/opt/ten/libfoo.so.10\n");
		lines++;
	}
	assert_int_equal(pclose(pipe), 0);
	assert_int_equal(lines, N + 1);
	unlink(name);
}

TEST_MAIN
