/*
 * Reading and writing a manifest with every allocation failing in turn: an
 * error that says so, nothing left behind.
 */
#include "manifest.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "allocations.h"
#include "test.h"

#if ALLOCATIONS_CAN_FAIL

static const char used_text[] = "user u uid=5 home=/srv\nentry used\n";
static const char text[] = "use used\nbash\nfile /a /b mode=0644\n"
			   "text /x \"a b\"\nlink /y -> x\nentry a b c\n"
			   "env A=1\nenv A=1\nlimit memory=1M\ndev null zero\n"
			   "tree /usr/* -a -b -c -d -e\n";

static void write_file(const char *path, const char *content)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(content, file);
	fclose(file);
}

static int read_and_write(struct err *err)
{
	static const char *const paths[] = {"memory/main.txt"};
	static const char *const presets[] = {"memory/presets", NULL};
	auto_of(manifest) struct manifest *manifest = NULL;
	auto_free char *out = NULL;
	size_t len;

	if (manifest_read(paths, 1, presets, &manifest, err) < 0 ||
	    manifest_text(manifest, &out, &len, err) < 0)
		return -1;
	return 0;
}

TEST(every_failing_allocation_is_an_error_and_leaves_nothing)
{
	long n, left;
	int result = -1;

	assert_int_equal(access(".", W_OK), 0);
	assert_int_equal(system("mkdir -p memory/presets"), 0);
	write_file("memory/main.txt", text);
	write_file("memory/presets/used.txt", used_text);
	for (n = 0; n < 10000; n++) {
		struct err err = {0};

		allocations_start(n);
		result = read_and_write(&err);
		left = allocations_stop();
		if (left != 0)
			fail_msg("allocation %ld: %ld left, %s", n, left,
				 err.msg);
		if (result < 0 && (err.kind != ERR_SYSTEM || err.sys != ENOMEM))
			fail_msg("allocation %ld: %s", n, err.msg);
		if (!allocations_failed())
			break;
	}
	assert_int_equal(system("rm -r memory"), 0);
	assert_int_equal(result, 0);
	assert_true(n > 60);
}

#else

TEST(the_sanitizers_own_the_allocator)
{
	skip();
}

#endif

TEST_MAIN
