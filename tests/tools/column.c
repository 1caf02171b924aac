/*
 * column: jaillaunch on a host that lacks something.  Each row of the table
 * below is a column of the matrix of tests: calls that fail, and places to be in.
 *
 * As B/columns/NAME/jaillaunch it executes B/jaillaunch, so that a test that is
 * given B/columns/NAME as its build directory runs in that column.  As
 * "column --list" it prints the names, as "column --apart" those of the columns
 * with mounts of their own, which end with the launch.
 *
 * A caller who may not change mounts is not put into another place, and gets
 * no_new_privs with the calls that fail; all else is as the row says.
 */
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/auxv.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "forbid.h"

#define PIDFDS "pidfd_open,pidfd_send_signal,pidfd_getfd"
#define NEW_MOUNTS                                                             \
	"open_tree,move_mount,fsopen,fsconfig,fsmount,fspick,mount_setattr"
#define OLD_MOUNTS "mount,umount2,pivot_root"
#define LANDLOCK                                                               \
	"landlock_create_ruleset,landlock_add_rule,landlock_restrict_self"
#define NOTIFICATION "user-notif,notif-killable,notif-sizes"
#define NAMESPACES                                                             \
	"namespaces:0x20000,namespaces:0x2000000,namespaces:0x4000000,"        \
	"namespaces:0x8000000,namespaces:0x10000000,namespaces:0x20000000,"    \
	"namespaces:0x40000000"
/* What came after Linux 4.14. */
#define SINCE_4_14                                                             \
	"clone3,close_range,openat2,faccessat2,epoll_pwait2,fchmodat2,"        \
	"process_madvise,io_uring_setup,ioctl:0x4c0a," PIDFDS "," NEW_MOUNTS   \
	"," LANDLOCK

enum {
	NO_CGROUPS = 1,
	NO_PROC = 2,
	CHROOT = 4,
	ORDINARY_USER = 8,
	FEW_CAPABILITIES = 16,
};
#define APART (NO_CGROUPS | NO_PROC | CHROOT)

static const struct column {
	const char *name;
	const char *calls[4];
	unsigned places;
} columns[] = {
	{"no-unshare", {"unshare=EPERM"}, 0},
	/* the flags of clone3() cannot be looked at */
	{"no-namespaces", {NAMESPACES "=EPERM", "clone3=ENOSYS"}, 0},
	{"no-mount", {OLD_MOUNTS "," NEW_MOUNTS "=EPERM"}, 0},
	{"no-clone3", {"clone3=ENOSYS"}, 0},
	{"no-pidfd-open", {PIDFDS "=ENOSYS"}, 0},
	{"no-close-range", {"close_range=ENOSYS"}, 0},
	{"no-openat2", {"openat2=ENOSYS"}, 0},
	{"no-new-mounts", {NEW_MOUNTS "=ENOSYS"}, 0},
	{"no-landlock", {LANDLOCK "=ENOSYS"}, 0},
	{"no-user-notif", {NOTIFICATION "=EINVAL"}, 0},
	{"no-cgroup", {NULL}, NO_CGROUPS},
	{"no-proc", {NULL}, NO_PROC},
	{"plain-chroot", {NULL}, CHROOT},
	{"ordinary-user", {NULL}, ORDINARY_USER},
	/* Linux 4.14 as such, and all at once as in an enclave on it */
	{"4.14", {SINCE_4_14 "=ENOSYS", NOTIFICATION "=EINVAL"}, NO_CGROUPS},
	{"enclave",
	 {SINCE_4_14 "=ENOSYS", NOTIFICATION "=EINVAL",
	  OLD_MOUNTS "," NAMESPACES "=EPERM"},
	 NO_CGROUPS | NO_PROC | CHROOT},
	/* a sandbox that forbids what it does not know, as container engines do */
	{"sandbox",
	 {SINCE_4_14 "," OLD_MOUNTS "," NAMESPACES "," NOTIFICATION "=EPERM"},
	 NO_CGROUPS | CHROOT},
	/* root of a container, as Docker starts one */
	{"container",
	 {NAMESPACES "=EPERM", "clone3=ENOSYS"},
	 NO_CGROUPS | FEW_CAPABILITIES},
	{"all-as-user",
	 {SINCE_4_14 "=ENOSYS", NOTIFICATION "=EINVAL",
	  OLD_MOUNTS "," NAMESPACES "=EPERM"},
	 NO_CGROUPS | NO_PROC | CHROOT | ORDINARY_USER},
};

#define N_COLUMNS (sizeof(columns) / sizeof(*columns))

static __attribute__((noreturn)) void fail(const char *what)
{
	fprintf(stderr, "column: %s: %s\n", what, strerror(errno));
	_exit(124); /* as no launcher ends */
}

static bool is_cgroup(const char *point, const char *kind)
{
	(void)point;
	return strncmp(kind, "cgroup", 6) == 0;
}

static bool is_pin(const char *point, const char *kind)
{
	(void)kind;
	return strncmp(point, "/run/jailwright/", 16) == 0;
}

static void hide(bool (*is_meant)(const char *point, const char *kind))
{
	FILE *mounts = fopen("/proc/self/mounts", "re");
	char line[4096], point[2048], kind[64];

	if (!mounts)
		return; /* then a launcher finds none either */
	while (fgets(line, sizeof(line), mounts))
		if (sscanf(line, "%*s %2047s %63s", point, kind) == 2 &&
		    is_meant(point, kind) && umount2(point, MNT_DETACH) < 0 &&
		    errno != EINVAL && errno != ENOENT) /* gone meanwhile */
			fail(point);
	fclose(mounts);
}

/* The same tree, but a root that is not that of its mount namespace. */
static void enter_chroot(void)
{
	char cwd[PATH_MAX];

	if (!getcwd(cwd, sizeof(cwd)))
		fail("getcwd");
	if (mount("/", "/mnt", NULL, MS_BIND | MS_REC, NULL) < 0)
		fail("bind /");
	if (chroot("/mnt") < 0 || chdir(cwd) < 0)
		fail("chroot");
}

static void go_to(unsigned places)
{
	if (!(places & APART))
		return;
	if (unshare(CLONE_NEWNS) < 0) {
		if (errno == EPERM)
			return; /* see above */
		fail("unshare");
	}
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		fail("private mounts");
	/* Copies of the machine's, which would be busy for a prune in here. */
	hide(is_pin);
	if (places & NO_CGROUPS)
		hide(is_cgroup);
	if (places & NO_PROC)
		while (umount2("/proc", MNT_DETACH) == 0)
			;
	if (places & CHROOT)
		enter_chroot();
}

static void forbid_calls(const struct column *column)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	size_t i;

	if (!filter)
		fail("filter");
	for (i = 0; i < 4 && column->calls[i]; i++)
		if (!forbid_all(filter, column->calls[i]))
			_exit(124);
	/* Calls of other machines than the native one are not our business. */
	seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ALLOW);
	seccomp_attr_set(filter, SCMP_FLTATR_CTL_NNP, 0);
	if (i > 0 && seccomp_load(filter) < 0) {
		seccomp_attr_set(filter, SCMP_FLTATR_CTL_NNP, 1);
		if (seccomp_load(filter) < 0)
			fail("seccomp");
	}
	seccomp_release(filter);
}

static void become_ordinary(void)
{
	if (geteuid() == 0 &&
	    (setgroups(0, NULL) < 0 || setresgid(65534, 65534, 65534) < 0 ||
	     setresuid(65534, 65534, 65534) < 0))
		fail("setuid");
}

/* All but those that Docker leaves to root (its documentation, "Runtime privilege
 * and Linux capabilities"): no CAP_SYS_ADMIN above all. */
static void keep_few_capabilities(void)
{
	static const int kept[] = {
		CAP_AUDIT_WRITE, CAP_CHOWN,	 CAP_DAC_OVERRIDE,
		CAP_FOWNER,	 CAP_FSETID,	 CAP_KILL,
		CAP_MKNOD,	 CAP_NET_RAW,	 CAP_NET_BIND_SERVICE,
		CAP_SETFCAP,	 CAP_SETGID,	 CAP_SETPCAP,
		CAP_SETUID,	 CAP_SYS_CHROOT,
	};
	unsigned long mask = 0;
	size_t i;
	int capability;

	for (i = 0; i < sizeof(kept) / sizeof(*kept); i++)
		mask |= 1UL << kept[i];
	/* root's others come from here when the launcher is executed */
	for (capability = 0; prctl(PR_CAPBSET_READ, capability) >= 0;
	     capability++)
		if (!(mask & 1UL << capability) &&
		    prctl(PR_CAPBSET_DROP, capability) < 0 && geteuid() == 0)
			fail("drop a capability");
}

/* B/columns/NAME/jaillaunch: NAME; and B/jaillaunch. */
static const struct column *find(char *program)
{
	char *name, *end;
	/* NOLINTNEXTLINE(performance-no-int-to-ptr): that is how it is given */
	const char *executed = (const char *)getauxval(AT_EXECFN);
	ssize_t n = readlink("/proc/self/exe", program, PATH_MAX - 1);
	size_t i;

	if (n >= 0)
		program[n] = '\0';
	else if (!executed || !realpath(executed, program)) /* no /proc */
		fail("the name of this program");
	end = strrchr(program, '/');
	*end = '\0';
	name = strrchr(program, '/') + 1;
	for (i = 0; i < N_COLUMNS; i++)
		if (strcmp(name, columns[i].name) == 0)
			break;
	if (i == N_COLUMNS)
		return NULL;
	name[-1] = '\0';
	strcpy(strrchr(program, '/'), "/jaillaunch");
	return &columns[i];
}

static int list(bool is_all)
{
	size_t i;

	for (i = 0; i < N_COLUMNS; i++)
		if (is_all || columns[i].places & APART)
			puts(columns[i].name);
	return 0;
}

int main(int argc, char **argv)
{
	char program[PATH_MAX];
	const struct column *column = find(program);

	if (!column && argc == 2 && strcmp(argv[1], "--list") == 0)
		return list(true);
	if (!column && argc == 2 && strcmp(argv[1], "--apart") == 0)
		return list(false);
	if (!column) {
		fputs("usage: column --list|--apart, or "
		      "columns/NAME/jaillaunch\n",
		      stderr);
		return 124;
	}
	go_to(column->places);
	/* Before ids: a filter without no_new_privs takes privilege. */
	forbid_calls(column);
	if (column->places & FEW_CAPABILITIES)
		keep_few_capabilities();
	if (column->places & ORDINARY_USER)
		become_ordinary();
	execv(program, argv);
	fail(program);
}
