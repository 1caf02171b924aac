/*
 * Whatever these do, they do to the process that they run in, which ends.
 */
#include "primitive.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "landlock.h"
#include "namespaces.h"

/* The same on every machine. */
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_clone3
#define SYS_clone3 435
#endif
#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#ifndef SYS_openat2
#define SYS_openat2 437
#endif

#define NOBODY 65534
#define FAR_DESCRIPTOR 1000000u
#define TRY_ANSWER EXDEV /* that getppid() never gives by itself */

static int as_error(long result)
{
	return result < 0 ? -errno : 0;
}

int try_chroot(unsigned long unused, char *detail, size_t size)
{
	(void)unused, (void)detail, (void)size;
	return as_error(chroot("/"));
}

int try_groups(unsigned long unused, char *detail, size_t size)
{
	(void)unused, (void)detail, (void)size;
	return as_error(setgroups(0, NULL));
}

int try_ids(unsigned long unused, char *detail, size_t size)
{
	/* To become who one is proves nothing. */
	const uid_t uid = NOBODY - (getuid() == NOBODY);
	const gid_t gid = NOBODY - (getgid() == NOBODY);
	int error = as_error(setresgid(gid, gid, gid));

	(void)unused, (void)detail, (void)size;
	return error ? error : as_error(setresuid(uid, uid, uid));
}

int try_rlimit(unsigned long unused, char *detail, size_t size)
{
	const struct rlimit least = {0, 0};

	(void)unused, (void)detail, (void)size;
	return as_error(setrlimit(RLIMIT_CORE, &least));
}

int try_bounding(unsigned long unused, char *detail, size_t size)
{
	(void)unused, (void)detail, (void)size;
	return as_error(prctl(PR_CAPBSET_DROP, CAP_SYS_RAWIO, 0, 0, 0));
}

int try_capset(unsigned long unused, char *detail, size_t size)
{
	struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
	const struct __user_cap_data_struct none[2] = {{0, 0, 0}, {0, 0, 0}};

	(void)unused, (void)detail, (void)size;
	return as_error(syscall(SYS_capset, &head, none));
}

int try_no_new_privs(unsigned long unused, char *detail, size_t size)
{
	(void)unused, (void)detail, (void)size;
	return as_error(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
}

/* getppid() fails from now on, all else goes on.  A descriptor, or -errno. */
static int load_filter(unsigned long flags)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | TRY_ANSWER),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog program = {sizeof(code) / sizeof(*code), code};
	int error = try_no_new_privs(0, NULL, 0);
	long result;

	if (error)
		return error;
	result = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
	return result < 0 ? -errno : (int)result;
}

int try_filter(unsigned long unused, char *detail, size_t size)
{
	int error = load_filter(0);

	(void)unused;
	if (error < 0)
		return error;
	if (syscall(SYS_getppid) == -1 && errno == TRY_ANSWER)
		return 0;
	snprintf(detail, size, "a filter was loaded, and does nothing");
	return -EOPNOTSUPP;
}

/* Asked, not done: the kernel's log would have it. */
int try_filter_kill(unsigned long unused, char *detail, size_t size)
{
	const uint32_t action = SECCOMP_RET_KILL_PROCESS;

	(void)unused, (void)detail, (void)size;
	return as_error(
		syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action));
}

int try_listener(unsigned long unused, char *detail, size_t size)
{
	int fd = load_filter(SECCOMP_FILTER_FLAG_NEW_LISTENER);

	(void)unused, (void)detail, (void)size;
	return fd < 0 ? fd : 0;
}

static int restrict_self(int abi)
{
	const struct landlock landlock = {.abi = abi};
	const struct landlock_ruleset rules = landlock_rules(&landlock);
	int ruleset = landlock_create(&rules), error;

	if (ruleset < 0)
		return ruleset;
	error = try_no_new_privs(0, NULL, 0);
	return error ? error : landlock_restrict(&landlock, ruleset);
}

int try_landlock(unsigned long least_abi, char *detail, size_t size)
{
	int abi = landlock_ask();

	if (abi < 0)
		return abi;
	snprintf(detail, size, "ABI %d", abi);
	return abi < (int)least_abi ? -EOPNOTSUPP : restrict_self(abi);
}

int try_namespace(unsigned long flag, char *detail, size_t size)
{
	(void)detail, (void)size;
	return -namespaces_try(flag, false);
}

int try_subreaper(unsigned long unused, char *detail, size_t size)
{
	(void)unused, (void)detail, (void)size;
	return as_error(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0));
}

int try_pidfd(unsigned long unused, char *detail, size_t size)
{
	(void)unused, (void)detail, (void)size;
	return as_error(syscall(SYS_pidfd_open, getpid(), 0));
}

int try_close_range(unsigned long unused, char *detail, size_t size)
{
	(void)unused, (void)detail, (void)size;
	return as_error(syscall(SYS_close_range, FAR_DESCRIPTOR, ~0u, 0));
}

int try_openat2(unsigned long unused, char *detail, size_t size)
{
	const struct open_how how = {.flags = O_PATH | O_CLOEXEC,
				     .resolve = RESOLVE_BENEATH};

	(void)unused, (void)detail, (void)size;
	return as_error(syscall(SYS_openat2, AT_FDCWD, ".", &how, sizeof(how)));
}

int try_clone3(unsigned long unused, char *detail, size_t size)
{
	struct clone_args args = {.exit_signal = SIGCHLD};
	long pid = syscall(SYS_clone3, &args, CLONE_ARGS_SIZE_VER0);

	(void)unused, (void)detail, (void)size;
	if (pid == 0)
		syscall(SYS_exit_group, 0);
	if (pid > 0)
		waitpid((pid_t)pid, NULL, 0);
	return as_error(pid);
}
