/*
 * The groups of version 2 in a directory that stands for the kernel: what it
 * makes of mkdir() and rmdir(), and what kind of file system it says to be, is
 * said here in place of the C library's functions.
 */
#include "cgroup_v2.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cgroup_group.h"
#include "test.h"

static char top[64];

int fstatfs(int fd, struct statfs *out)
{
	int result = (int)syscall(SYS_fstatfs, fd, out);

	out->f_type = CGROUP2_SUPER_MAGIC;
	return result;
}

static void put(const char *group, const char *file, const char *text)
{
	char path[256];
	FILE *out;

	snprintf(path, sizeof(path), "%s%s/%s", top, group, file);
	out = fopen(path, "w");
	assert_non_null(out);
	fputs(text, out);
	fclose(out);
}

static const char *get(const char *group, const char *file)
{
	static char text[256];
	char path[256];
	size_t len;
	FILE *in;

	snprintf(path, sizeof(path), "%s%s/%s", top, group, file);
	in = fopen(path, "r");
	if (!in)
		return NULL;
	len = fread(text, 1, sizeof(text) - 1, in);
	text[len] = '\0';
	fclose(in);
	return text;
}

static void make_group(const char *group, const char *subtree)
{
	char path[256];

	snprintf(path, sizeof(path), "%s%s", top, group);
	assert_true(mkdir(path, 0755) == 0 || errno == EEXIST);
	put(group, "cgroup.subtree_control", subtree);
}

static void make_top(const char *controllers, const char *subtree)
{
	strcpy(top, "/tmp/jailtest-cgroup.XXXXXX");
	assert_non_null(mkdtemp(top));
	put("", "cgroup.controllers", controllers);
	make_group("", subtree);
}

static int remove_one(const char *path, const struct stat *st, int type,
		      struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

static void remove_top(void)
{
	nftw(top, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

#define ALL (1u << CGROUP_CPU | 1u << CGROUP_MEMORY | 1u << CGROUP_PIDS)

static int find_base(const char *own, unsigned wanted, struct cgroup_base *base)
{
	struct cgroup_mount mount = {.version = 2, .top = strlen(top)};
	const char *file;
	int error;

	assert_true(asprintf(&mount.path, "%s%s", top, own) > 0);
	error = cgroup_v2_base(&mount, wanted, base, &file);
	free(mount.path);
	return error;
}

static void assert_is_group(int fd, const char *group)
{
	struct stat is, want;
	char path[256];

	snprintf(path, sizeof(path), "%s%s", top, group);
	assert_int_equal(fstat(fd, &is), 0);
	assert_int_equal(stat(path, &want), 0);
	if (is.st_ino != want.st_ino)
		fail_msg("it is not %s", path);
}

TEST(in_the_root_of_all_what_is_missing_is_handed_on)
{
	struct cgroup_base base;

	make_top("cpuset cpu io memory pids\n", "");
	assert_int_equal(find_base("", 1u << CGROUP_PIDS, &base), 0);
	assert_is_group(base.fd, "");
	assert_int_equal(base.controllers, 1u << CGROUP_PIDS);
	assert_string_equal(get("", "cgroup.subtree_control"), "+pids");
	close(base.fd);
	remove_top();
}

TEST(what_is_handed_on_already_is_left_alone)
{
	struct cgroup_base base;

	make_top("cpu memory pids\n", "cpu memory pids\n");
	assert_int_equal(find_base("", ALL, &base), 0);
	assert_string_equal(get("", "cgroup.subtree_control"),
			    "cpu memory pids\n");
	close(base.fd);
	remove_top();
}

TEST(the_nearest_group_above_that_hands_them_on_is_taken)
{
	struct cgroup_base base;

	make_top("cpu memory pids\n", "cpu memory pids\n");
	make_group("/user", "cpu memory pids\n");
	make_group("/user/app", "memory pids\n");
	make_group("/user/app/own", "");
	assert_int_equal(find_base("/user/app/own", 1u << CGROUP_MEMORY, &base),
			 0);
	assert_is_group(base.fd, "/user/app");
	close(base.fd);
	assert_int_equal(find_base("/user/app/own", ALL, &base), 0);
	assert_is_group(base.fd, "/user");
	close(base.fd);
	/* Only counted, in every group: our own will do. */
	assert_int_equal(
		find_base("/user/app/own", 1u << CGROUP_CPUTIME, &base), 0);
	assert_is_group(base.fd, "/user/app/own");
	assert_int_equal(base.controllers, 1u << CGROUP_CPUTIME);
	close(base.fd);
	assert_string_equal(get("/user/app/own", "cgroup.subtree_control"), "");
	remove_top();
}

TEST(a_group_below_the_top_is_never_changed)
{
	struct cgroup_base base;

	make_top("cpu memory pids\n", "memory pids\n");
	make_group("/user", "memory\n");
	make_group("/user/own", "");
	assert_int_equal(find_base("/user/own", 1u << CGROUP_PIDS, &base), 0);
	assert_is_group(base.fd, "");
	assert_string_equal(get("/user", "cgroup.subtree_control"), "memory\n");
	assert_string_equal(get("/user/own", "cgroup.subtree_control"), "");
	close(base.fd);
	remove_top();
}

TEST(bounds_of_the_groups_that_are_left_out_stay)
{
	struct cgroup_base base;

	make_top("cpu memory pids\n", "cpu memory pids\n");
	make_group("/user", "");
	make_group("/user/own", "");
	put("/user", "memory.max", "1000000\n");
	put("/user", "pids.max", "50\n");
	put("/user", "cpu.max", "50000 100000\n");
	put("/user/own", "memory.max", "2000000\n");
	put("/user/own", "pids.max", "max\n");
	put("/user/own", "cpu.max", "max 100000\n");
	assert_int_equal(find_base("/user/own", ALL, &base), 0);
	assert_true(base.bounds[CGROUP_MEMORY] == 1000000);
	assert_true(base.bounds[CGROUP_PIDS] == 50);
	assert_true(base.bounds[CGROUP_CPU] == 500);
	close(base.fd);
	remove_top();
}

TEST(those_of_another_hierarchy_are_left_to_it)
{
	struct cgroup_base base;

	make_top("hugetlb\n", "");
	assert_int_equal(find_base("", ALL, &base), -EOPNOTSUPP);
	assert_int_equal(find_base("", ALL | 1u << CGROUP_CPUTIME, &base), 0);
	assert_int_equal(base.controllers, 1u << CGROUP_CPUTIME);
	close(base.fd);
	remove_top();
	make_top("memory\n", "memory\n");
	assert_int_equal(find_base("", ALL, &base), 0);
	assert_int_equal(base.controllers, 1u << CGROUP_MEMORY);
	close(base.fd);
	remove_top();
}

/* The kernel's part: files are there with the directory, and go with it. */

static const char *const kernel_files[] = {"cgroup.procs", "cgroup.kill",
					   "pids.max", NULL};
static unsigned n_busy; /* so often it still is */

int mkdirat(int at_fd, const char *name, mode_t mode)
{
	int fd, file, i;

	if (syscall(SYS_mkdirat, at_fd, name, mode) < 0)
		return -1;
	fd = openat(at_fd, name, O_RDONLY | O_DIRECTORY);
	for (i = 0; kernel_files[i]; i++) {
		file = openat(fd, kernel_files[i], O_CREAT | O_WRONLY, 0644);
		close(file);
	}
	close(fd);
	return 0;
}

int unlinkat(int at_fd, const char *name, int flags)
{
	int fd, i;

	if (n_busy > 0) {
		n_busy--;
		errno = EBUSY;
		return -1;
	}
	fd = flags ? openat(at_fd, name, O_RDONLY | O_DIRECTORY) : -1;
	for (i = 0; fd >= 0 && kernel_files[i]; i++)
		syscall(SYS_unlinkat, fd, kernel_files[i], 0);
	if (fd >= 0)
		close(fd);
	return (int)syscall(SYS_unlinkat, at_fd, name, flags);
}

static struct cgroup_group make_one(void)
{
	struct cgroup_group group = CGROUP_NO_GROUP;
	int parent = cgroup_open_parent(top);

	assert_true(parent >= 16);
	assert_int_equal(cgroup_group_make(&group, parent), 0);
	return group;
}

TEST(a_group_is_made_for_its_owner_alone_and_removed)
{
	struct cgroup_group group;
	struct stat st;
	char name[40];

	make_top("", "");
	group = make_one();
	assert_int_equal(fstat(group.fd, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(write(group.procs_fd, "0", 1), 1);
	cgroup_group_kill(&group);
	snprintf(name, sizeof(name), "/%s", group.name);
	assert_string_equal(get(name, "cgroup.kill"), "1");
	assert_string_equal(get(name, "pids.max"), "0");
	n_busy = 1;
	assert_int_equal(cgroup_group_remove(&group), 0);
	assert_int_equal(faccessat(group.parent_fd, group.name, F_OK, 0), -1);
	assert_int_equal(cgroup_group_remove(&group), 0); /* again */
	cgroup_group_close(&group);
	remove_top();
}

/* Without cgroup.kill; "0" stands for each that our pid namespace lacks. */
TEST(one_by_one_all_are_killed_whatever_stands_before_them)
{
	struct cgroup_group group;
	char name[40], pids[40];
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		alarm(20);
		for (;;)
			pause();
	}
	make_top("", "");
	group = make_one();
	snprintf(name, sizeof(name), "/%s", group.name);
	snprintf(pids, sizeof(pids), "0\n0\n%d\n", pid);
	put(name, "cgroup.procs", pids);
	syscall(SYS_unlinkat, group.fd, "cgroup.kill", 0);
	n_busy = 2;
	assert_int_equal(cgroup_group_remove(&group), 0);
	cgroup_group_close(&group);
	remove_top();
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

TEST(what_is_unlocked_goes_with_the_next_and_nothing_else)
{
	struct cgroup_group left, used, next;
	char name[32];

	make_top("", "");
	make_group("/jailwright-foreign", ""); /* not of mode 0700 */
	make_group("/other", "");
	left = make_one();
	used = make_one();
	strcpy(name, left.name);
	close(left.fd);
	left.fd = -1;
	next = make_one();
	/* The next may have the name that became free. */
	assert_string_not_equal(used.name, next.name);
	assert_int_equal(faccessat(used.parent_fd, used.name, F_OK, 0), 0);
	assert_int_equal(faccessat(used.parent_fd, "other", F_OK, 0), 0);
	assert_int_equal(
		faccessat(used.parent_fd, "jailwright-foreign", F_OK, 0), 0);
	assert_string_equal(next.name, name);
	cgroup_group_close(&left);
	cgroup_group_close(&used);
	cgroup_group_close(&next);
	remove_top();
}

TEST(numbers_are_found_by_their_keys)
{
	uint64_t value;
	int fd;

	make_top("", "");
	put("", "events", "low 1\nhigh 2\noom_kill_disable 0\noom_kill 7\n");
	put("", "plain", "12345\n");
	put("", "most", "max\n");
	put("", "bad", "x\n");
	fd = open(top, O_RDONLY | O_DIRECTORY);
	assert_true(cgroup_read_number(fd, "events", "oom_kill", &value));
	assert_true(value == 7);
	assert_false(cgroup_read_number(fd, "events", "oom", &value));
	assert_true(cgroup_read_number(fd, "plain", NULL, &value));
	assert_true(value == 12345);
	assert_true(cgroup_read_number(fd, "most", NULL, &value));
	assert_true(value == UINT64_MAX);
	assert_false(cgroup_read_number(fd, "bad", NULL, &value));
	assert_false(cgroup_read_number(fd, "none", NULL, &value));
	close(fd);
	remove_top();
}

TEST_MAIN
