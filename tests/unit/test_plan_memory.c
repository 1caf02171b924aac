/* Whatever allocation fails while an image is planned, the failure is told and
 * nothing is left behind. */
#include <stdlib.h>
#include <unistd.h>

#include "allocations.h"

#include "hints.h"
#include "image_check.h"
#include "lockdown.h"
#include "plan.h"
#include "test.h"

static const char text[] = "bin /bin/sh as=/bin/mine\n"
			   "bin sh env\n"
			   "tree /etc/alternatives -[!a]*\n"
			   "?pkg base-files /etc/**\n"
			   "file /etc/passwd as=/etc/users mode=0600\n"
			   "dir /a/b/c mode=0700\n"
			   "link /l -> a\n"
			   "text /bin/t x\n"
			   "dev null\n"
			   "user u uid=1000\n"
			   "group g gid=7\n"
			   "allow writable /a\n"
			   "caps /bin/mine cap_kill\n"
			   "cache yes\n"
			   "opaque\n"
			   "omit /a/b/c\n";

static int build(const struct manifest *manifest, struct err *err)
{
	auto_of(source) struct source *source = NULL;
	auto_of(plan) struct plan *plan = NULL;

	if (source_open("/", &source, err) < 0 ||
	    plan_make(manifest, source, &plan, err) < 0 ||
	    image_check(plan, err) < 0 || hints_collect(plan, err) < 0 ||
	    lockdown(plan->tree, &plan->notes, err) < 0)
		return -1;
	notes_sort(&plan->notes);
	return tree_join_same(plan->tree, err);
}

static struct manifest *read_manifest(void)
{
	struct manifest *manifest = NULL;
	struct err err = {0};
	int result = manifest_read_text(text, sizeof(text) - 1, "m.txt",
					&manifest, &err);

	if (result < 0)
		print_error("%s\n", err.msg);
	assert_int_equal(result, 0);
	return manifest;
}

TEST(an_image_is_planned)
{
	struct manifest *manifest = read_manifest();
	struct err err = {0};
	int result = build(manifest, &err);

	if (result < 0)
		print_error("%s\n", err.msg);
	assert_int_equal(result, 0);
	manifest_free(manifest);
}

#if ALLOCATIONS_CAN_FAIL
TEST(every_failing_allocation_is_told_and_leaves_nothing_behind)
{
	struct manifest *manifest = read_manifest();
	struct err err = {0};
	long n = 0, step = 1;
	int told = 0;

	for (;; n += step) {
		int result, failed;
		long left;

		err = (struct err){0};
		allocations_start(n);
		result = build(manifest, &err);
		left = allocations_stop();
		failed = allocations_failed();
		if (left != 0 || (result < 0 && err.kind != ERR_SYSTEM))
			print_error("allocation %ld: %ld left: %s\n", n, left,
				    err.msg);
		assert_int_equal(left, 0);
		if (result < 0) {
			assert_int_equal(err.kind, ERR_SYSTEM);
			assert_int_equal(err.sys, ENOMEM);
			told++;
		}
		if (!failed)
			break;
		if (n > 600)
			step = 7; /* most are alike by then */
	}
	assert_true(told > 100);
	manifest_free(manifest);
}
#endif

TEST_MAIN
