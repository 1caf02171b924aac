#include "cgroup_find.h"

#include <stdio.h>

#include "test.h"

static struct cgroup_mounts *find(const char *mountinfo, const char *own)
{
	struct cgroup_mounts *mounts = NULL;
	struct err err = {0};

	if (cgroup_find_in(mountinfo, own, &mounts, &err) < 0)
		fail_msg("%s", err.msg);
	return mounts;
}

#define UNIFIED                                                                \
	"22 1 8:1 / / rw - ext4 /dev/root rw\n"                                \
	"31 22 0:28 / /sys/fs/cgroup rw shared:4 - cgroup2 cgroup2 "           \
	"rw,nsdelegate\n"

TEST(the_group_of_version_2_is_below_its_mount)
{
	struct cgroup_mounts *mounts =
		find(UNIFIED, "0::/user.slice/session-1.scope\n");

	assert_int_equal(mounts->n, 1);
	assert_int_equal(mounts->items[0].version, 2);
	assert_string_equal(mounts->items[0].path,
			    "/sys/fs/cgroup/user.slice/session-1.scope");
	assert_int_equal(mounts->items[0].top, strlen("/sys/fs/cgroup"));
	cgroup_mounts_free(mounts);
}

TEST(the_root_of_a_hierarchy_is_the_mount_itself)
{
	struct cgroup_mounts *mounts = find(UNIFIED, "0::/\n");

	assert_string_equal(mounts->items[0].path, "/sys/fs/cgroup");
	cgroup_mounts_free(mounts);
}

TEST(each_hierarchy_of_version_1_has_its_own_group)
{
	struct cgroup_mounts *mounts =
		find("30 22 0:30 / /cg/cpu rw - cgroup c rw,cpu,cpuacct\n"
		     "31 22 0:31 / /cg/memory rw - cgroup c rw,memory\n"
		     "32 22 0:32 / /cg/systemd rw - cgroup c rw,name=systemd\n"
		     "33 22 0:33 / /cg/freezer rw - cgroup c rw,freezer\n",
		     "3:name=systemd:/init\n2:memory:/service\n"
		     "1:cpu,cpuacct:/\n0::/\n");

	assert_int_equal(mounts->n, 2);
	assert_string_equal(mounts->items[0].path, "/cg/cpu");
	assert_int_equal(mounts->items[0].controllers,
			 1u << CGROUP_CPU | 1u << CGROUP_CPUTIME);
	assert_string_equal(mounts->items[1].path, "/cg/memory/service");
	assert_int_equal(mounts->items[1].controllers, 1u << CGROUP_MEMORY);
	cgroup_mounts_free(mounts);
}

/* As in a container: a part of the hierarchy, with our path in all of it. */
TEST(what_a_mount_does_not_show_is_taken_off)
{
	struct cgroup_mounts *mounts = find(
		"31 22 0:31 /docker/1 /cg/memory rw - cgroup c rw,memory\n"
		"32 22 0:32 /docker/12 /cg/pids rw - cgroup c rw,pids\n"
		"33 22 0:33 / /cg/cpu rw - cgroup c rw,cpu\n",
		"3:cpu:/../other\n2:memory:/docker/1/a\n1:pids:/docker/1\n");

	assert_int_equal(mounts->n, 3);
	assert_string_equal(mounts->items[0].path, "/cg/memory/a");
	assert_string_equal(mounts->items[1].path, "/cg/pids");
	assert_string_equal(mounts->items[2].path, "/cg/cpu");
	cgroup_mounts_free(mounts);
}

TEST(paths_may_have_blanks)
{
	struct cgroup_mounts *mounts =
		find("31 22 0:31 / /a\\040b\\134 rw - cgroup2 none rw\n",
		     "0::/x y\n");

	assert_string_equal(mounts->items[0].path, "/a b\\/x y");
	cgroup_mounts_free(mounts);
}

TEST(what_is_not_understood_is_no_mount)
{
	static const char *const texts[] = {
		"",
		"\n",
		"31 22 0:31 / /x rw - tmpfs cgroup rw\n",
		"31 22 - cgroup2 none rw\n",
		"31 22 0:31 / /x rw - cgroup2\n",
		"31 22 0:31 / /x rw - cgroup2 none\n",
		" - cgroup2 none rw",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct cgroup_mounts *mounts = find(texts[i], "0::/\n");

		if (mounts->n)
			fail_msg("\"%s\"", texts[i]);
		cgroup_mounts_free(mounts);
	}
}

TEST(a_hierarchy_that_we_are_not_in_is_left_out)
{
	struct cgroup_mounts *mounts = find(UNIFIED, "1:memory:/\n");

	assert_int_equal(mounts->n, 0);
	cgroup_mounts_free(mounts);
}

TEST(sets_are_of_whole_names)
{
	assert_int_equal(cgroup_set(""), 0);
	assert_int_equal(cgroup_set("cpuset io hugetlb\n"), 0);
	assert_int_equal(cgroup_set("cpuset cpu io memory pids\n"),
			 1u << CGROUP_CPU | 1u << CGROUP_MEMORY |
				 1u << CGROUP_PIDS);
}

TEST_MAIN
