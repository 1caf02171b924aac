/*
 * probe: looks whether it is in the jail that it should be in, and says so.
 *
 *	probe UID HOST_FILE [in-place|image|directory|terminal]...
 *
 * UID is its uid and gid; HOST_FILE exists outside, so not here; in-place: it was
 * started by --exec, so in the caller's session; image: the root is one;
 * directory: it is mounted like one, but device nodes of its own would work;
 * terminal: it has one of its own, in the session of its parent.  One
 * line on standard output, "confined", of an image that is mounted "confined,
 * mounted", or "open: WHAT, WHAT..."; it leaves a process behind, in a session
 * of its own, for the launcher to end.  Exit status 7.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

static char faults[512];

static void expect(bool is_so, const char *what)
{
	size_t len = strlen(faults);

	if (!is_so && !strstr(faults, what))
		snprintf(faults + len, sizeof(faults) - len, "%s%s",
			 len ? ", " : "", what);
}

static void look_at_ids(uid_t wanted)
{
	uid_t uid[3];
	gid_t gid[3];
	gid_t groups[4];

	expect(getresuid(&uid[0], &uid[1], &uid[2]) == 0 && uid[0] == wanted &&
		       uid[1] == wanted && uid[2] == wanted,
	       "uid");
	expect(getresgid(&gid[0], &gid[1], &gid[2]) == 0 && gid[0] == wanted &&
		       gid[1] == wanted && gid[2] == wanted,
	       "gid");
	expect(getgroups(4, groups) == 0, "groups");
}

static void look_at_capabilities(void)
{
	struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct data[2];
	static const struct __user_cap_data_struct none[2];
	int i;

	expect(syscall(SYS_capget, &head, data) == 0 &&
		       memcmp(data, none, sizeof(none)) == 0,
	       "capabilities");
	for (i = 0; i < 64; i++) {
		expect(prctl(PR_CAPBSET_READ, i, 0, 0, 0) != 1, "bounding set");
		expect(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, i, 0, 0) !=
			       1,
		       "ambient capabilities");
	}
	expect(prctl(PR_GET_SECUREBITS, 0, 0, 0, 0) & 1, "securebits");
}

/*
 * In a child, since it should not survive.  By a filter, not for want of a
 * capability: it dies, by SIGKILL where the keeper cannot see what becomes of
 * SIGSYS; or, if the keeper is dead, ENOSYS is the answer.
 */
static bool is_chroot_refused(void)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		const struct rlimit none = {0, 0};

		setrlimit(RLIMIT_CORE, &none);
		_exit(chroot(".") == 0 || errno != ENOSYS);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return false;
	if (WIFSIGNALED(status))
		return WTERMSIG(status) == SIGSYS ||
		       WTERMSIG(status) == SIGKILL;
	return WEXITSTATUS(status) == 0;
}

static void look_at_seccomp(void)
{
	expect(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1, "no_new_privs");
	expect(prctl(PR_GET_SECCOMP, 0, 0, 0, 0) == SECCOMP_MODE_FILTER,
	       "seccomp");
	expect(is_chroot_refused(), "chroot");
}

static void look_at_root(const char *host_file)
{
	char directory[256];

	expect(access(host_file, F_OK) < 0 && errno == ENOENT, "host's root");
	expect(access("/probe", F_OK) == 0, "wrong top");
	expect(getcwd(directory, sizeof(directory)) &&
		       strcmp(directory, "/") == 0,
	       "directory");
}

static bool is_made_in(const char *directory)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "%s/made", directory);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/*
 * Of an image all is mounted (its root read-only, file systems of the jail's
 * own on /tmp and /dev), or nothing is: then it was unpacked.
 */
static bool look_at_image(bool has_nodes)
{
	struct statvfs root, tmp, dev;
	struct stat null;
	bool is_mounted;

	if (statvfs("/", &root) < 0 || statvfs("/tmp", &tmp) < 0 ||
	    statvfs("/dev", &dev) < 0) {
		expect(false, "no /tmp or /dev");
		return false;
	}
	is_mounted = root.f_flag & ST_RDONLY;
	expect(is_mounted == (tmp.f_fsid != root.f_fsid), "/tmp of another");
	expect(is_mounted == (dev.f_fsid != root.f_fsid), "/dev of another");
	expect(!is_mounted ||
		       (root.f_flag & ST_NOSUID && tmp.f_flag & ST_NOSUID &&
			(has_nodes || root.f_flag & ST_NODEV) &&
			tmp.f_flag & ST_NODEV && dev.f_flag & ST_RDONLY),
	       "flags of mounts");
	expect(is_made_in("/tmp") && !is_made_in("/") && !is_made_in("/dev"),
	       "what can be written");
	expect(stat("/dev/null", &null) == 0 && S_ISCHR(null.st_mode),
	       "devices");
	return is_mounted;
}

static bool is_on_own_terminal(void)
{
	return getsid(0) == getppid() && getpgrp() == getpid() &&
	       tcgetsid(0) == getsid(0) && tcgetpgrp(0) == getpid();
}

static void look_at_process(bool is_in_place, bool has_terminal)
{
	struct rlimit core;
	sigset_t blocked;
	int fd, signal = 0;

	for (fd = 0; fd < 1024; fd++)
		expect((fcntl(fd, F_GETFD) >= 0) == (fd < 3), "descriptors");
	expect(getrlimit(RLIMIT_CORE, &core) == 0 && core.rlim_cur == 1 &&
		       core.rlim_max == 1,
	       "core");
	sigprocmask(SIG_SETMASK, NULL, &blocked);
	expect(sigismember(&blocked, SIGTERM) == 0, "blocked signals");
	if (is_in_place)
		return;
	expect(has_terminal ? is_on_own_terminal() : getsid(0) == getpid(),
	       "session");
	expect(prctl(PR_GET_PDEATHSIG, &signal, 0, 0, 0) == 0 &&
		       signal == SIGKILL,
	       "tie to the parent");
}

static void leave_process(void)
{
	int i;

	if (fork() != 0)
		return;
	setsid();
	for (i = 0; i < 3; i++)
		close(i);
	for (;;)
		pause();
}

static bool has_word(char **words, const char *word)
{
	for (; *words; words++)
		if (strcmp(*words, word) == 0)
			return true;
	return false;
}

int main(int argc, char **argv)
{
	bool is_in_place, is_directory, has_terminal, is_mounted = false;

	if (argc < 3)
		return 2;
	is_in_place = has_word(argv + 3, "in-place");
	is_directory = has_word(argv + 3, "directory");
	has_terminal = has_word(argv + 3, "terminal");
	look_at_ids((uid_t)strtoul(argv[1], NULL, 10));
	look_at_capabilities();
	look_at_seccomp();
	look_at_root(argv[2]);
	if (is_directory || has_word(argv + 3, "image"))
		is_mounted = look_at_image(is_directory);
	look_at_process(is_in_place, has_terminal);
	if (!is_in_place)
		leave_process();
	if (*faults)
		printf("open: %s\n", faults);
	else
		puts(is_mounted ? "confined, mounted" : "confined");
	fflush(stdout);
	_exit(7);
}
