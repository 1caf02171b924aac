/*
 * The init of an enclave, as far as it need not be the first process.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "init/cgroups.h"
#include "init/launch_file.h"
#include "init/modules.h"
#include "init/mounts.h"
#include "init/settings.h"
#include "init/steps.h"
#include "init/workload.h"
#include "test.h"

/* --- /.jail/launch */

static void join(char *const *argv, char *out, size_t size)
{
	out[0] = '\0';
	for (; *argv; argv++) {
		size_t len = strlen(out);

		snprintf(out + len, size - len, "%s[%s]", len ? " " : "",
			 *argv);
	}
}

static const struct {
	const char *text;
	enum heartbeat heartbeat;
	unsigned exit_port;
	const char *argv;
} good[] = {
	{"heartbeat early\n", HEARTBEAT_EARLY, 0, "[/jaillaunch] [-r] [/jail]"},
	{"heartbeat none\nexit-port 4294967294\nuser bob", HEARTBEAT_NONE,
	 4294967294u, "[/jaillaunch] [-r] [/jail] [-u] [bob]"},
	{"heartbeat late\nuser bob\noption --limit\noption pids=9\nargv sh\n"
	 "argv -c\nargv \"echo a b; exit \\\"3\\\"\"\nargv \"\"\n",
	 HEARTBEAT_LATE, 0,
	 "[/jaillaunch] [-r] [/jail] [-u] [bob] [--limit] [pids=9] [--] [sh] "
	 "[-c] [echo a b; exit \"3\"] []"},
	{"heartbeat early\napp /usr/bin/serve --port 5 \"a b\"\n",
	 HEARTBEAT_EARLY, 0, "[/usr/bin/serve] [--port] [5] [a b]"},
};

TEST(a_launch_file_becomes_a_command)
{
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		struct launch_file launch = {0};
		struct err err = {0};
		char argv[512];

		if (launch_file_parse(strdup(good[i].text), &launch, &err) < 0)
			fail_msg("%s: %s", good[i].text, err.msg);
		join(launch.argv.items, argv, sizeof(argv));
		assert_string_equal(argv, good[i].argv);
		assert_int_equal(launch.heartbeat, good[i].heartbeat);
		assert_int_equal(launch.exit_port, good[i].exit_port);
		launch_file_clear(&launch);
	}
}

TEST(another_launch_file_is_refused_with_its_line)
{
	static const struct {
		const char *text, *why;
	} bad[] = {
		{"", "/.jail/launch says nothing of the heartbeat"},
		{"heartbeat early\nuser a\nmemory 5\n",
		 "/.jail/launch:3: \"memory\" is no directive that this init "
		 "knows: the image was baked by another version of jailbake"},
		{"heartbeat early\n\n",
		 "/.jail/launch:2: \"\" is no directive that this init "
		 "knows: the image was baked by another version of jailbake"},
		{"heartbeat soon\n", "/.jail/launch:1: heartbeat \"soon\": not "
				     "early, late or none"},
		{"heartbeat early\nheartbeat early\n",
		 "/.jail/launch:2: \"heartbeat\" is there twice"},
		{"exit-port 0\n", "/.jail/launch:1: exit-port \"0\": not a "
				  "number from 1 to 4294967294"},
		{"exit-port 4294967295\n",
		 "/.jail/launch:1: exit-port \"4294967295\": not a number from "
		 "1 to 4294967294"},
		{"exit-port -1\n", "/.jail/launch:1: exit-port \"-1\": not a "
				   "number from 1 to 4294967294"},
		{"exit-port 5x\n", "/.jail/launch:1: exit-port \"5x\": not a "
				   "number from 1 to 4294967294"},
		{"exit-port 5\nexit-port 5\n",
		 "/.jail/launch:2: \"exit-port\" is there twice"},
		{"user\n", "/.jail/launch:1: \"user\" with 0 words behind it"},
		{"user a\nuser b\n",
		 "/.jail/launch:2: \"user\" is there twice"},
		{"argv a b\n",
		 "/.jail/launch:1: \"argv\" with 2 words behind it"},
		{"app\n", "/.jail/launch:1: \"app\" with 0 words behind it"},
		{"app a\napp b\n", "/.jail/launch:2: \"app\" is there twice"},
		{"heartbeat early\napp a\nargv b\n",
		 "/.jail/launch has both \"app\" and words for jaillaunch"},
		{"argv \"a\n", "/.jail/launch:1: a quote is not closed; a text "
			       "ends on its line, and \\n in it is a line "
			       "break"},
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct launch_file launch = {0};
		struct err err = {0};

		assert_int_equal(
			launch_file_parse(strdup(bad[i].text), &launch, &err),
			-1);
		assert_string_equal(err.msg, bad[i].why);
		launch_file_clear(&launch);
	}
}

TEST(a_launch_file_with_a_nul_byte_is_refused)
{
	static const char text[] = "heartbeat early\n\0user root\n";
	struct launch_file launch = {0};
	struct err err = {0};
	char path[] = "launch.XXXXXX";
	int fd = mkstemp(path);

	assert_int_equal(write(fd, text, sizeof(text)), sizeof(text));
	close(fd);
	assert_int_equal(launch_file_read(path, &launch, &err), -1);
	assert_string_equal(err.msg, "/.jail/launch holds a NUL byte");
	launch_file_clear(&launch);
	unlink(path);
	assert_int_equal(launch_file_read(path, &launch, &err), -1);
	assert_string_equal(err.msg,
			    "/.jail/launch: No such file or directory");
}

/* --- the table */

static char said[512];
static int n_run;

__attribute__((format(printf, 1, 2))) static void say(const char *format, ...)
{
	size_t len = strlen(said);
	va_list args;

	va_start(args, format);
	vsnprintf(said + len, sizeof(said) - len, format, args);
	va_end(args);
	strncat(said, "\n", sizeof(said) - strlen(said) - 1);
}

static int succeed(struct boot *boot __attribute__((unused)),
		   struct err *err __attribute__((unused)))
{
	n_run++;
	return 0;
}

static int fail_here(struct boot *boot __attribute__((unused)), struct err *err)
{
	n_run++;
	return err_sys(err, ENOENT, "the thing");
}

TEST(only_a_fatal_step_ends_the_walk_and_each_says_why)
{
	static const struct step table[] = {
		{"one", "", succeed, true},	{"two", "", fail_here, false},
		{"three", "", succeed, true},	{"four", "", fail_here, true},
		{"never", "", fail_here, true},
	};
	struct boot boot = {0};
	struct err err;

	said[0] = '\0';
	n_run = 0;
	assert_ptr_equal(steps_walk(table, 5, &boot, say, &err), &table[3]);
	assert_int_equal(n_run, 4);
	assert_string_equal(
		said, "warning: two: the thing: No such file or directory\n"
		      "four: the thing: No such file or directory\n");
	said[0] = '\0';
	assert_null(steps_walk(table, 3, &boot, say, &err));
	assert_string_equal(
		said, "warning: two: the thing: No such file or directory\n");
}

/* --- file systems, groups, settings */

TEST(a_tmpfs_has_a_share_of_the_memory)
{
	static const struct mount_row quarter = {"/run", "tmpfs", 0,
						 "mode=0755", 4};
	static const struct mount_row other = {"/proc", "proc", 0, "a=b", 0};
	char options[128];

	assert_int_equal(
		mount_options(&quarter, 512ull << 20, options, sizeof(options)),
		0);
	assert_string_equal(options, "mode=0755,size=134217728,nr_inodes=8192");
	mount_options(&quarter, 1 << 20, options, sizeof(options));
	assert_string_equal(options, "mode=0755,size=262144,nr_inodes=1024");
	mount_options(&other, 1 << 20, options, sizeof(options));
	assert_string_equal(options, "a=b");
	assert_int_equal(mount_options(&quarter, 1 << 20, options, 20), -1);
}

TEST(controllers_that_a_jail_needs_are_handed_down)
{
	char line[64];

	assert_int_equal(cgroups_wanted("cpuset cpu io memory pids rdma\n",
					line, sizeof(line)),
			 3);
	assert_string_equal(line, "+cpu +memory +pids");
	assert_int_equal(
		cgroups_wanted("cpuset io hugetlb pids", line, sizeof(line)),
		1);
	assert_string_equal(line, "+pids");
	assert_int_equal(cgroups_wanted("cpuset\n", line, sizeof(line)), 0);
	assert_int_equal(cgroups_wanted("", line, sizeof(line)), 0);
}

TEST(controllers_of_version_1_are_those_that_are_enabled)
{
	char text[] = "#subsys_name\thierarchy\tnum_cgroups\tenabled\n"
		      "cpuset\t0\t1\t1\nmemory\t0\t1\t0\npids\t0\t1\t1\n"
		      "broken\t1\n\n";
	char *rest = text;

	assert_string_equal(cgroups_next(&rest), "cpuset");
	assert_string_equal(cgroups_next(&rest), "pids");
	assert_null(cgroups_next(&rest));
}

static void read_back(int dir, const char *path, char text[16])
{
	int fd = openat(dir, path, O_RDONLY);
	ssize_t n = read(fd, text, 15);

	text[n > 0 ? n : 0] = '\0';
	close(fd);
}

TEST(settings_that_a_kernel_has_are_set_and_others_passed_over)
{
	char path[] = "sys.XXXXXX", text[16];
	int dir = open(mkdtemp(path), O_RDONLY | O_DIRECTORY);
	struct err err = {0};

	mkdirat(dir, "kernel", 0700);
	close(openat(dir, "kernel/kptr_restrict", O_CREAT | O_WRONLY, 0600));
	close(openat(dir, "kernel/modules_disabled", O_CREAT | O_WRONLY, 0600));
	assert_int_equal(settings_write(dir, &err), 0);
	read_back(dir, "kernel/kptr_restrict", text);
	assert_string_equal(text, "2");
	read_back(dir, "kernel/modules_disabled", text);
	assert_string_equal(text, "1");
	/* one that cannot be set is told, and does not keep the last from it */
	mkdirat(dir, "kernel/dmesg_restrict", 0700);
	unlinkat(dir, "kernel/modules_disabled", 0);
	close(openat(dir, "kernel/modules_disabled", O_CREAT | O_WRONLY, 0600));
	assert_int_equal(settings_write(dir, &err), -1);
	assert_string_equal(err.msg, "/proc/sys/kernel/dmesg_restrict: Is a "
				     "directory");
	read_back(dir, "kernel/modules_disabled", text);
	assert_string_equal(text, "1");
	unlinkat(dir, "kernel/dmesg_restrict", AT_REMOVEDIR);
	unlinkat(dir, "kernel/kptr_restrict", 0);
	unlinkat(dir, "kernel/modules_disabled", 0);
	unlinkat(dir, "kernel", AT_REMOVEDIR);
	close(dir);
	rmdir(path);
}

TEST(the_last_setting_forbids_modules)
{
	assert_string_equal(settings[n_settings - 1].path,
			    "kernel/modules_disabled");
}

/* --- /dev/nsm */

TEST(the_security_module_becomes_roots_alone)
{
	char path[] = "nsm.XXXXXX";
	struct err err = {0};
	struct stat st;
	bool is_there;
	int fd = mkstemp(path);

	fchmod(fd, 0666);
	close(fd);
	assert_int_equal(modules_close_nsm(path, false, &is_there, &err), 0);
	assert_true(is_there);
	stat(path, &st);
	assert_int_equal(st.st_mode & 07777, 0600);
	unlink(path);
	assert_int_equal(modules_close_nsm(path, false, &is_there, &err), 0);
	assert_false(is_there);
}

/* --- the program */

static void run_to_end(const char *script, char *words, size_t size)
{
	char shell[] = "/bin/sh", flag[] = "-c", text[128];
	char *const argv[] = {shell, flag, text, NULL};
	struct workload workload = {.output = -1};
	struct err err = {0};

	snprintf(text, sizeof(text), "%s", script);
	if (workload_start(argv, &workload, &err) < 0 ||
	    workload_wait(&workload, &err) < 0)
		fail_msg("%s", err.msg);
	workload_words(workload.status, words, size);
}

TEST(the_end_of_the_program_is_told_in_words)
{
	char words[32];

	run_to_end("exit 0", words, sizeof(words));
	assert_string_equal(words, "exited 0");
	run_to_end("exit 159", words, sizeof(words));
	assert_string_equal(words, "exited 159");
	run_to_end("kill -9 $$", words, sizeof(words));
	assert_string_equal(words, "killed 9");
}

TEST(the_program_has_an_empty_input_and_plain_signals)
{
	char words[32];
	sigset_t all, before;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	run_to_end("read x && exit 1; (kill -TERM $$); exit 2", words,
		   sizeof(words));
	sigprocmask(SIG_SETMASK, &before, NULL);
	assert_string_equal(words, "killed 15");
}

TEST(a_program_that_cannot_be_executed_says_why)
{
	char name[] = "/no/such/program";
	char *const argv[] = {name, NULL};
	struct workload workload = {.output = -1};
	struct err err = {0};

	assert_int_equal(workload_start(argv, &workload, &err), -1);
	assert_string_equal(err.msg, "execute /no/such/program: No such file "
				     "or directory");
	waitpid(workload.pid, NULL, 0);
}

TEST_MAIN
