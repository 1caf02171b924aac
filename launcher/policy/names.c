#include "names.h"

#include <seccomp.h>
#include <stdlib.h>
#include <string.h>

#include "errno_name.h"
#include "nearest.h"
#include "rules.h"

/* clang-format off */
const struct family families[] = {
	{"loader", "execve execveat brk mmap munmap mprotect mremap open openat "
	 "read pread64 close fstat newfstatat statx stat lstat access faccessat "
	 "faccessat2 readlink readlinkat getcwd arch_prctl set_tid_address "
	 "set_robust_list set_thread_area rseq prlimit64 getrlimit getrandom "
	 "futex uname exit exit_group rt_sigreturn restart_syscall",
	 "starts and ends any dynamically linked program"},
	{"io", "read write readv writev pread64 pwrite64 preadv pwritev preadv2 "
	 "pwritev2 lseek close close_range dup dup2 dup3 fcntl ioctl fstat "
	 "newfstatat statx pipe pipe2 sendfile splice tee copy_file_range "
	 "ftruncate fallocate fadvise64 readahead flock fsync fdatasync "
	 "sync_file_range poll ppoll select pselect6",
	 "what is done with open descriptors"},
	{"file", "open openat openat2 creat stat lstat newfstatat statx statfs "
	 "fstatfs access faccessat faccessat2 getcwd chdir fchdir getdents "
	 "getdents64 readlink readlinkat mkdir mkdirat rmdir unlink unlinkat "
	 "rename renameat renameat2 link linkat symlink symlinkat mknod mknodat "
	 "chmod fchmod fchmodat fchmodat2 chown fchown lchown fchownat utime "
	 "utimes futimesat utimensat umask truncate sync syncfs "
	 "getxattr lgetxattr fgetxattr listxattr llistxattr flistxattr setxattr "
	 "lsetxattr fsetxattr removexattr lremovexattr fremovexattr setxattrat "
	 "getxattrat listxattrat removexattrat file_getattr cachestat",
	 "names in the file system"},
	{"map", "brk mmap munmap mprotect mremap msync madvise mincore mlock "
	 "mlock2 mlockall munlock munlockall pkey_alloc pkey_free pkey_mprotect "
	 "mseal map_shadow_stack membarrier", "the caller's own memory"},
	{"process", "clone fork vfork execve execveat exit exit_group "
	 "wait4 waitid getpid getppid gettid getpgid getpgrp getsid setpgid "
	 "setsid prctl arch_prctl getrusage prlimit64 getrlimit setrlimit "
	 "getpriority setpriority ioprio_get ioprio_set kill tkill tgkill "
	 "rt_sigqueueinfo rt_tgsigqueueinfo pidfd_open pidfd_send_signal",
	 "make, end and signal processes"},
	{"thread", "clone futex futex_waitv futex_wake futex_wait futex_requeue "
	 "set_robust_list get_robust_list set_tid_address set_thread_area "
	 "get_thread_area rseq rseq_slice_yield membarrier sched_yield "
	 "sched_getaffinity sched_setaffinity sched_getparam sched_setparam "
	 "sched_getscheduler sched_setscheduler sched_getattr sched_setattr "
	 "sched_get_priority_max sched_get_priority_min sched_rr_get_interval "
	 "getcpu gettid tgkill", "threads and their order"},
	{"handlers", "rt_sigaction rt_sigpending rt_sigprocmask rt_sigreturn "
	 "rt_sigsuspend rt_sigtimedwait sigaltstack signalfd signalfd4 pause "
	 "restart_syscall", "how a process takes signals"},
	{"time", "clock_gettime clock_getres clock_nanosleep nanosleep "
	 "gettimeofday time times alarm getitimer setitimer timer_create "
	 "timer_delete timer_getoverrun timer_gettime timer_settime "
	 "timerfd_create timerfd_gettime timerfd_settime", "clocks and timers"},
	{"events", "poll ppoll select pselect6 epoll_create epoll_create1 "
	 "epoll_ctl epoll_wait epoll_pwait epoll_pwait2 eventfd eventfd2 "
	 "signalfd signalfd4 inotify_init inotify_init1 inotify_add_watch "
	 "inotify_rm_watch timerfd_create timerfd_gettime timerfd_settime",
	 "waiting for several things"},
	{"who", "getuid geteuid getgid getegid getresuid getresgid getgroups "
	 "capget uname sysinfo getcpu getrandom",
	 "questions about oneself and the machine"},
	{"sockets", "socket socketpair connect bind listen accept accept4 "
	 "shutdown getsockname getpeername setsockopt getsockopt sendto recvfrom "
	 "sendmsg recvmsg sendmmsg recvmmsg",
	 "what the rows of @socket leave of them"},
};
/* clang-format on */
const size_t n_families = sizeof(families) / sizeof(*families);

bool name_next(const char **cursor, char separator, struct name *out)
{
	if (!*cursor)
		return false;
	out->text = *cursor;
	out->len = (size_t)(strchrnul(*cursor, separator) - *cursor);
	*cursor = out->text[out->len] ? out->text + out->len + 1 : NULL;
	return true;
}

bool name_is(struct name name, const char *text)
{
	return strlen(text) == name.len && !memcmp(text, name.text, name.len);
}

/* As a string; cut, since nothing so long is a name. */
static const char *text_of(struct name name, char out[64])
{
	size_t len = name.len < 63 ? name.len : 63;

	memcpy(out, name.text, len);
	out[len] = '\0';
	return out;
}

static int unknown(struct name name, const char *kind, const char *at,
		   const char *best, struct err *err)
{
	return err_set(err, ERR_USAGE,
		       best ? "no system call%s is named \"%s%.*s\"; the "
			      "nearest is \"%s%s\""
			    : "no system call%s is named \"%s%.*s\"",
		       kind, at, (int)(name.len < 200 ? name.len : 200),
		       name.text, at, best);
}

static int unknown_call(struct name name, struct err *err)
{
	struct nearest nearest;
	char text[64];

	if (name.len == 0)
		return err_set(err, ERR_USAGE,
			       "list of system calls: empty name");
	nearest_start(&nearest, text_of(name, text));
	for (size_t i = 0; i < n_syscall_names; i++)
		nearest_offer(&nearest, syscall_names[i].name);
	return unknown(name, "", "", nearest_best(&nearest), err);
}

/* Calls of 32-bit machines and others: libseccomp knows their names. */
static bool is_foreign(struct name name)
{
	char text[64];

	return name.len > 0 && name.len < sizeof(text) &&
	       seccomp_syscall_resolve_name(text_of(name, text)) !=
		       __NR_SCMP_ERROR;
}

int name_find_call(struct name name, const struct syscall_name **out,
		   struct err *err)
{
	*out = syscall_find(name.text, name.len);
	return *out || is_foreign(name) ? 0 : unknown_call(name, err);
}

static int unknown_group(struct name group, struct err *err)
{
	struct nearest nearest;
	char text[64];

	if (group.len == 0)
		return err_set(err, ERR_USAGE,
			       "list of system calls: empty name behind "
			       "\"@\"");
	nearest_start(&nearest, text_of(group, text));
	for (size_t i = 0; i < n_rules; i++)
		nearest_offer(&nearest, rules[i].group);
	for (size_t i = 0; i < n_families; i++)
		nearest_offer(&nearest, families[i].name);
	return unknown(group, " group", "@", nearest_best(&nearest), err);
}

int name_find_group(struct name name, struct name *out, struct err *err)
{
	size_t cursor = 0;

	*out = (struct name){name.text + 1, name.len - 1};
	return name_group_calls(*out, &cursor) ? 0 : unknown_group(*out, err);
}

const char *name_group_calls(struct name group, size_t *cursor)
{
	while (*cursor < n_rules + n_families) {
		size_t i = (*cursor)++;

		if (i < n_rules && name_is(group, rules[i].group))
			return rules[i].calls;
		if (i >= n_rules && name_is(group, families[i - n_rules].name))
			return families[i - n_rules].calls;
	}
	return NULL;
}

int name_errno(const char *text)
{
	char *end;
	unsigned long number = strtoul(text, &end, 10);

	if (text[0] >= '0' && text[0] <= '9')
		return *end == '\0' && number <= ERRNO_MOST ? (int)number : -1;
	for (int i = 1; i <= ERRNO_MOST; i++) {
		const char *name = errno_name(i);

		if (name && strcmp(name, text) == 0)
			return i;
	}
	return -1;
}

void families_print(FILE *out)
{
	fputs("| family | calls | what |\n|---|---|---|\n", out);
	for (size_t i = 0; i < n_families; i++)
		fprintf(out, "| @%s | %s | %s |\n", families[i].name,
			families[i].calls, families[i].why);
}
