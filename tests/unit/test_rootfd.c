#include "rootfd.h"

#include <errno.h>
#include <limits.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

static char base[PATH_MAX];
static int root_fd = -1;

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

/* base/secret is outside; base/root is the root. */
static void make_tree(void)
{
	snprintf(base, sizeof(base), "%s/rootfd.XXXXXX",
		 getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
	assert_non_null(mkdtemp(base));
	assert_int_equal(chdir(base), 0);
	assert_int_equal(mkdir("root", 0755), 0);
	write_file("secret", "outside");
	assert_int_equal(mkdir("root/dir", 0755), 0);
	assert_int_equal(mkdir("root/dir/sub", 0755), 0);
	write_file("root/secret", "inside");
	write_file("root/dir/file", "file");
	assert_int_equal(symlink("../../../secret", "root/dir/up"), 0);
	assert_int_equal(symlink("/secret", "root/dir/absolute"), 0);
	assert_int_equal(symlink("/dir", "root/link"), 0);
	assert_int_equal(symlink("loop", "root/loop"), 0);
	assert_int_equal(symlink("made", "root/dangling"), 0);
	assert_int_equal(mkfifo("root/fifo", 0644), 0);
	root_fd = open("root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_true(root_fd >= 0);
}

static void remove_tree(void)
{
	char command[PATH_MAX + 16];

	close(root_fd);
	assert_int_equal(chdir("/"), 0);
	snprintf(command, sizeof(command), "rm -rf '%s'", base);
	assert_int_equal(system(command), 0);
}

static const struct {
	const char *path, *text;
	int error, nolinks_error;
} cases[] = {
	{"/secret", "inside", 0, 0},
	{"secret", "inside", 0, 0},
	{"../secret", "inside", 0, 0},
	{"/../../secret", "inside", 0, 0},
	{"dir/../../secret", "inside", 0, 0},
	{"/dir/up", "inside", 0, ELOOP},
	{"/dir/absolute", "inside", 0, ELOOP},
	{"/link/file", "file", 0, ELOOP},
	{"//dir//./file", "file", 0, 0},
	{"/link/sub/../file", "file", 0, ELOOP},
	{"/loop", NULL, ELOOP, ELOOP},
	{"/loop/file", NULL, ELOOP, ELOOP},
	{"/nothing", NULL, ENOENT, ENOENT},
	{"/dir/file/", NULL, ENOTDIR, ENOTDIR},
	{"/dir/file/x", NULL, ENOTDIR, ENOTDIR},
	{"", NULL, ENOENT, ENOENT},
};

static void check_cases(void)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char *text = NULL;
		int error = root_read_file(root_fd, cases[i].path, 100, &text,
					   NULL);
		int fd;

		if (error != -cases[i].error)
			print_error("%s: %d\n", cases[i].path, error);
		assert_int_equal(error, -cases[i].error);
		if (cases[i].text)
			assert_string_equal(text, cases[i].text);
		free(text);
		fd = root_open_nolinks(root_fd, cases[i].path, O_RDONLY, 0);
		if (cases[i].nolinks_error)
			assert_int_equal(fd, -cases[i].nolinks_error);
		else
			assert_true(fd >= 0 && close(fd) == 0);
	}
	assert_int_equal(
		root_read_file(root_fd, "/fifo", 9, &(char *){0}, NULL),
		-EINVAL);
	assert_int_equal(
		root_read_file(root_fd, "/secret", 3, &(char *){0}, NULL),
		-EFBIG);
	assert_int_equal(
		root_open(root_fd, "/dir/up", O_RDONLY | O_NOFOLLOW, 0),
		-ELOOP);
	assert_int_equal(root_open(root_fd, "/dangling",
				   O_WRONLY | O_CREAT | O_EXCL, 0600),
			 -EEXIST);
	assert_int_equal(access("root/made", F_OK), -1);
}

static void forbid_openat2(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {4, code};

	assert_int_equal(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
	/* qemu-user has no filters, but no openat2() either */
	assert_int_equal(syscall(SYS_openat2, -1, "", NULL, 0), -1);
	assert_int_equal(errno, ENOSYS);
}

TEST(paths_stay_below_root)
{
	make_tree();
	check_cases();
	remove_tree();
}

/* Last, since the filter stays: the walk gives the same answers. */
TEST(paths_stay_below_root_without_openat2)
{
	make_tree();
	forbid_openat2();
	check_cases();
	remove_tree();
}

TEST_MAIN
