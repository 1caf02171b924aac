#include "unpack_confine.h"

#include <errno.h>
#include <grp.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/capability.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sanitizer.h"

/* Nobody's, so that no other process may signal or look into this one; below
 * the range that systemd gives out, inside what containers map. */
#define UNPACK_ID 61183

#define MEMORY_MAX (512ul << 20)

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#else
#error "add the AUDIT_ARCH_ of this machine"
#endif

static int close_others(struct err *err)
{
	struct rlimit limit;

	if (syscall(SYS_close_range, 2u, ~0u, 0u) == 0)
		return 0;
	/* before 5.9, or in a sandbox that does not know it */
	if (errno != ENOSYS && errno != EPERM)
		return err_sys(err, errno, "close_range");
	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return err_sys(err, errno, "getrlimit");
	for (rlim_t fd = 2; fd < limit.rlim_max && fd < 1u << 20; fd++)
		close((int)fd);
	return 0;
}

static int set_limits(unsigned seconds, struct err *err)
{
	const struct {
		__rlimit_resource_t resource;
		rlim_t value;
	} limits[] = {
		{RLIMIT_CORE, 0},
		{RLIMIT_FSIZE, 0},
		{RLIMIT_NPROC, 0},
		{RLIMIT_NOFILE, 2},
		{RLIMIT_CPU, seconds},
		/* the sanitizer's shadow alone is larger */
		{RLIMIT_AS, IS_ASAN ? RLIM_INFINITY : MEMORY_MAX},
	};

	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		struct rlimit limit;

		if (getrlimit(limits[i].resource, &limit) < 0)
			return err_sys(err, errno, "getrlimit");
		if (limit.rlim_max > limits[i].value)
			limit.rlim_max = limits[i].value;
		limit.rlim_cur = limit.rlim_max;
		if (setrlimit(limits[i].resource, &limit) < 0)
			return err_sys(err, errno, "setrlimit");
	}
	return 0;
}

/* What the kernel says when anything is made in a removed directory. */
static int enter_nowhere(struct err *err)
{
	if (mkdir("x", 0700) == 0) {
		rmdir("x");
		return err_set(err, ERR_HOST,
			       "the current directory is not a removed one");
	}
	if (errno != ENOENT)
		return err_sys(err, errno,
			       "the current directory is not a "
			       "removed one");
	if (chroot(".") < 0)
		return err_sys(err, errno, "chroot");
	if (chdir("/") < 0)
		return err_sys(err, errno, "chdir /");
	return 0;
}

static int drop_ids(struct err *err)
{
	if (setgroups(0, NULL) < 0)
		return err_sys(err, errno, "setgroups");
	if (setresgid(UNPACK_ID, UNPACK_ID, UNPACK_ID) < 0)
		return err_sys(err, errno, "setresgid %d", UNPACK_ID);
	if (setresuid(UNPACK_ID, UNPACK_ID, UNPACK_ID) < 0)
		return err_sys(err, errno, "setresuid %d", UNPACK_ID);
	if (setresuid(0, 0, 0) == 0)
		return err_set(err, ERR_HOST, "setresuid did not take hold");
	return 0;
}

static int drop_caps(struct err *err)
{
	cap_t none = cap_init();
	int status = none ? cap_set_proc(none) : -1;
	int sys = errno;

	cap_free(none);
	if (status < 0)
		return err_sys(err, sys, "cap_set_proc");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_sys(err, errno, "no_new_privs");
	return 0;
}

#define LOAD(field)                                                            \
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define ARG_LOW(n)                                                             \
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS,                                     \
		 offsetof(struct seccomp_data, args[n]) +                      \
			 (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? 4 : 0))
#define RETURN(action) BPF_STMT(BPF_RET | BPF_K, action)
#define UNLESS_EQUAL(value, skip)                                              \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)(value), 0, skip)
#define ALLOW(call) UNLESS_EQUAL(SYS_##call, 1), RETURN(SECCOMP_RET_ALLOW)
/* Only with this descriptor. */
#define ALLOW_FD(call, fd)                                                     \
	UNLESS_EQUAL(SYS_##call, 4), ARG_LOW(0), UNLESS_EQUAL(fd, 1),          \
		RETURN(SECCOMP_RET_ALLOW), RETURN(SECCOMP_RET_KILL_PROCESS)
/* Memory, as long as nobody may execute it. */
#define ALLOW_NO_EXEC(call)                                                    \
	UNLESS_EQUAL(SYS_##call, 4), ARG_LOW(2),                               \
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 1, 0),         \
		RETURN(SECCOMP_RET_ALLOW), RETURN(SECCOMP_RET_KILL_PROCESS)

static int filter_calls(struct err *err)
{
	struct sock_filter filter[] = {
		LOAD(arch),
		UNLESS_EQUAL(ARCH, 1),
		BPF_STMT(BPF_JMP | BPF_JA, 1),
		RETURN(SECCOMP_RET_KILL_PROCESS),
		LOAD(nr),
		ALLOW_FD(read, STDIN_FILENO),
		ALLOW_FD(write, STDOUT_FILENO),
		ALLOW_NO_EXEC(mmap),
		ALLOW_NO_EXEC(mprotect),
		ALLOW(munmap),
		ALLOW(mremap),
		ALLOW(madvise),
		ALLOW(brk),
		ALLOW(futex),
		ALLOW(clock_gettime),
		ALLOW(rt_sigreturn),
		ALLOW(rt_sigprocmask),
		ALLOW(restart_syscall),
		ALLOW(exit),
		ALLOW(exit_group),
		RETURN(SECCOMP_RET_KILL_PROCESS),
	};
	const struct sock_fprog program = {sizeof(filter) / sizeof(filter[0]),
					   filter};

	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) < 0)
		return err_sys(err, errno, "seccomp");
	return 0;
}

int unpack_confine(unsigned seconds, struct err *err)
{
	int is_root = geteuid() == 0;

	if (close_others(err) < 0 || (is_root && enter_nowhere(err) < 0) ||
	    set_limits(seconds, err) < 0 || (is_root && drop_ids(err) < 0) ||
	    drop_caps(err) < 0)
		return -1;
	/* after the change of ids, which forgets it */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 ||
	    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return err_sys(err, errno, "prctl");
	return filter_calls(err);
}
