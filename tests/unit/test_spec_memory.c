/*
 * What is decided about a launch, with every allocation failing in turn: an
 * error that says so, nothing left behind, never another decision.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "manifest.h"
#include "spec.h"

#include "allocations.h"
#include "test.h"

#if ALLOCATIONS_CAN_FAIL

static char passwd[] = "root:x:0:0::/root:/bin/sh\n"
		       "user:x:1000:100::/home/user:/bin/sh\n";
static char group[] = "users:x:100:\nb:x:30:user\na:x:20:user\n";

static const char image[] = "entry x one two\nrun-as user\nworkdir /\n"
			    "env A=1\nenv B=2\nlimit memory=512M\n"
			    "limit wall-time=5s\n";

static void write_file(int root_fd, const char *path, const char *content)
{
	int fd = openat(root_fd, path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, content, strlen(content)),
			 (ssize_t)strlen(content));
	close(fd);
}

static int make_root(void)
{
	int fd;

	mkdir("root", 0755);
	mkdir("root/etc", 0755);
	fd = open("root", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	write_file(fd, "etc/passwd", passwd);
	write_file(fd, "etc/group", group);
	return fd;
}

/* The words of a plan: what was decided, and whether all of it was. */
static int decide(const struct manifest *manifest, int root_fd, char *words,
		  size_t size, struct err *err)
{
	struct spec_flags flags = {0};
	char *const no_argv[] = {NULL};
	struct spec_input input = {
		.flags = &flags,
		.image = manifest,
		.root_fd = root_fd,
		.root_name = "root",
		.argv = no_argv,
	};
	struct jail_spec spec;

	if (spec_make(&input, &spec, err) < 0)
		return -1;
	snprintf(words, size, "%u:%u:%zu:%s:%s:%d:%d", spec.user.uid,
		 spec.user.gid, spec.user.n_groups, spec.argv[0], spec.workdir,
		 spec.limits[LIMIT_MEMORY].is_set,
		 spec.limits[LIMIT_WALL_TIME].is_set);
	spec_release(&spec);
	return 0;
}

TEST(every_failing_allocation_is_an_error_and_leaves_nothing)
{
	auto_of(manifest) struct manifest *manifest = NULL;
	char wanted[128] = "", words[128];
	auto_close int root_fd = make_root();
	struct err err = {0};
	long n, left;
	int result = -1;

	assert_int_equal(manifest_read_text(image, strlen(image), "image",
					    &manifest, &err),
			 0);
	assert_int_equal(
		decide(manifest, root_fd, wanted, sizeof(wanted), &err), 0);
	assert_string_equal(wanted, "1000:100:2:x:/:1:1");
	for (n = 0; n < 10000; n++) {
		err = (struct err){0};
		allocations_start(n);
		result = decide(manifest, root_fd, words, sizeof(words), &err);
		left = allocations_stop();
		if (left != 0)
			fail_msg("allocation %ld: %ld left", n, left);
		if (result == 0)
			assert_string_equal(words, wanted);
		else
			assert_int_equal(err.sys, ENOMEM);
		if (!allocations_failed())
			break;
	}
	assert_int_equal(result, 0);
	assert_true(n > 10);
}

#else

TEST(the_sanitizers_own_the_allocator)
{
	skip();
}

#endif

TEST_MAIN
