#include "source.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "test.h"

static char base[] = "/tmp/source.XXXXXX";
static struct source *source;

static void make_tree(void)
{
	static const char *const links[][2] = {
		{"usr/lib", "root/lib"},       {"/lib/file", "root/absolute"},
		{"../../../usr", "root/up"},   {"loop", "root/loop"},
		{"chain2", "root/chain1"},     {"chain3/", "root/chain2"},
		{"/up/lib", "root/chain3"},    {"/etc/passwd", "root/outside"},
		{"file", "root/usr/lib/link"}, {".", "root/dot"},
	};

	assert_non_null(mkdtemp(base));
	assert_int_equal(chdir(base), 0);
	assert_int_equal(mkdir("root", 0755) | mkdir("root/usr", 0755) |
				 mkdir("root/usr/lib", 0755),
			 0);
	assert_int_equal(mkfifo("root/fifo", 0644), 0);
	close(open("root/usr/lib/file", O_CREAT | O_WRONLY, 0644));
	for (size_t i = 0; i < sizeof(links) / sizeof(*links); i++)
		assert_int_equal(symlink(links[i][0], links[i][1]), 0);
}

static const struct {
	const char *path, *real;
	int error;
	const char *links; /* joined by spaces */
} cases[] = {
	{"/", "/", 0, ""},
	{"/usr/lib/file", "/usr/lib/file", 0, ""},
	{"//usr/./lib//../lib/file", "/usr/lib/file", 0, ""},
	{"/../../usr", "/usr", 0, ""},
	{"/lib/file", "/usr/lib/file", 0, "/lib"},
	{"/absolute", "/usr/lib/file", 0, "/absolute /lib"},
	{"/up/lib", "/usr/lib", 0, "/up"},
	{"/up/lib/link", "/usr/lib/file", 0, "/up /usr/lib/link"},
	{"/chain1", "/usr/lib", 0, "/chain1 /chain2 /chain3 /up"},
	{"/lib/", "/usr/lib", 0, "/lib"},
	{"/dot/dot/dot/usr", "/usr", 0, "/dot /dot /dot"},
	{"/loop", NULL, ELOOP, NULL},
	{"/loop/x", NULL, ELOOP, NULL},
	{"/none", NULL, ENOENT, NULL},
	{"/outside", NULL, ENOENT, NULL},
	{"/usr/lib/file/", NULL, ENOTDIR, NULL},
	{"/usr/lib/file/..", NULL, ENOTDIR, NULL},
	{"/fifo/x", NULL, ENOTDIR, NULL},
	{"", NULL, ENOENT, NULL},
};

static void check_links(char **links, const char *expected)
{
	char joined[256] = "";

	for (char **link = links; *link; link++) {
		if (link != links)
			strcat(joined, " ");
		strcat(joined, *link);
	}
	assert_string_equal(joined, expected);
}

/* Twice: what is remembered is what was seen. */
static void check_cases(void)
{
	for (size_t i = 0; i < 2 * sizeof(cases) / sizeof(*cases); i++) {
		size_t k = i % (sizeof(cases) / sizeof(*cases));
		char *real = NULL, **links = NULL;
		int error = source_realpath(source, cases[k].path, &real, NULL);

		if (error != -cases[k].error)
			print_error("%s: %d\n", cases[k].path, error);
		assert_int_equal(error, -cases[k].error);
		if (cases[k].real)
			assert_string_equal(real, cases[k].real);
		free(real);
		error = source_realpath(source, cases[k].path, &real, &links);
		assert_int_equal(error, -cases[k].error);
		if (error < 0)
			continue;
		assert_string_equal(real, cases[k].real);
		check_links(links, cases[k].links);
		free(real);
		source_links_free(links);
	}
}

static void check_files(void)
{
	struct stat st;
	char *target;
	int fd;

	assert_int_equal(source_stat(source, "/lib", &st), 0);
	assert_true(S_ISDIR(st.st_mode));
	assert_int_equal(source_lstat(source, "/lib", &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_int_equal(source_lstat(source, "/lib/", &st), 0);
	assert_true(S_ISDIR(st.st_mode));
	assert_int_equal(source_readlink(source, "/lib", &target), 0);
	assert_string_equal(target, "usr/lib");
	free(target);
	assert_int_equal(source_readlink(source, "/usr", &target), -EINVAL);
	assert_int_equal(source_open_file(source, "/fifo", &st), -EINVAL);
	assert_int_equal(source_open_file(source, "/usr", &st), -EINVAL);
	assert_int_equal(source_open_file(source, "/outside", &st), -ENOENT);
	fd = source_open_file(source, "/absolute", &st);
	assert_true(fd >= 0);
	assert_true(S_ISREG(st.st_mode));
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	close(fd);
}

TEST(paths_are_those_of_the_root)
{
	struct err err;

	make_tree();
	assert_int_equal(source_open("root", &source, &err), 0);
	assert_string_equal(source->name, "root");
	check_cases();
	check_files();
}

TEST(a_long_path_is_too_long)
{
	char path[PATH_MAX + 10];
	struct stat st;

	memset(path, 'x', sizeof(path));
	path[0] = '/';
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(source_stat(source, path, &st), -ENAMETOOLONG);
	path[400] = '\0';
	assert_int_equal(source_stat(source, path, &st), -ENAMETOOLONG);
}

TEST(what_was_seen_is_remembered)
{
	struct stat st;

	assert_int_equal(source_stat(source, "/later", &st), -ENOENT);
	assert_int_equal(mkdir("root/later", 0755), 0);
	assert_int_equal(source_stat(source, "/later", &st), -ENOENT);
	source_free(source);
}

TEST(a_root_that_is_none_is_named)
{
	struct err err = {0};

	assert_int_equal(source_open("/nowhere", &source, &err), -1);
	assert_string_equal(err.msg,
			    "sysroot /nowhere: No such file or directory");
	assert_int_equal(source_open("/etc/passwd", &source, &err), -1);
	assert_int_equal(err.kind, ERR_INPUT);
}

TEST(cleaning_up)
{
	char command[64];

	assert_int_equal(chdir("/"), 0);
	snprintf(command, sizeof(command), "rm -rf %s", base);
	assert_int_equal(system(command), 0);
}

TEST_MAIN
