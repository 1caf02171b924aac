#include "named.h"

#include <string.h>

/*
 * capejail's two lists, of the calls up to Linux 6.5: what it lets through,
 * and what it names as blocked.  Newer calls are on neither.
 */
/* clang-format off */
static const char cape[] =
	"default kill\n"
	"allow read write open close stat fstat lstat poll lseek mmap\n"
	"allow mprotect munmap brk rt_sigaction rt_sigprocmask\n"
	"allow rt_sigreturn ioctl pread64 pwrite64 readv writev access\n"
	"allow pipe select sched_yield mremap msync mincore madvise\n"
	"allow shmget shmat shmctl dup dup2 pause nanosleep getitimer\n"
	"allow alarm setitimer getpid sendfile socket connect sendto\n"
	"allow recvfrom sendmsg recvmsg bind getsockname getpeername\n"
	"allow socketpair getsockopt clone fork vfork execve exit wait4\n"
	"allow kill uname semget semop semctl shmdt msgget msgsnd msgrcv\n"
	"allow msgctl fcntl flock fsync fdatasync truncate ftruncate\n"
	"allow getdents getcwd chdir fchdir rename mkdir rmdir creat\n"
	"allow unlink readlink chmod chown lchown umask gettimeofday\n"
	"allow getrlimit getrusage sysinfo times getuid getgid geteuid\n"
	"allow getegid setpgid getppid getpgrp setsid getgroups getresuid\n"
	"allow getpgid getsid capget rt_sigpending rt_sigtimedwait\n"
	"allow rt_sigqueueinfo rt_sigsuspend sigaltstack utime uselib\n"
	"allow personality ustat statfs fstatfs sysfs getpriority\n"
	"allow sched_getparam sched_getscheduler sched_get_priority_max\n"
	"allow sched_get_priority_min sched_rr_get_interval mlock munlock\n"
	"allow mlockall munlockall vhangup modify_ldt prctl arch_prctl\n"
	"allow gettid readahead setxattr lsetxattr fsetxattr getxattr\n"
	"allow lgetxattr fgetxattr listxattr llistxattr flistxattr\n"
	"allow removexattr lremovexattr fremovexattr tkill time futex\n"
	"allow sched_setaffinity sched_getaffinity set_thread_area\n"
	"allow io_setup io_destroy io_getevents io_submit io_cancel\n"
	"allow get_thread_area lookup_dcookie epoll_create epoll_ctl_old\n"
	"allow epoll_wait_old remap_file_pages getdents64 set_tid_address\n"
	"allow restart_syscall semtimedop fadvise64 timer_create\n"
	"allow timer_settime timer_gettime timer_getoverrun timer_delete\n"
	"allow clock_gettime clock_getres clock_nanosleep exit_group\n"
	"allow epoll_wait epoll_ctl tgkill utimes mbind set_mempolicy\n"
	"allow get_mempolicy mq_open mq_unlink mq_timedsend\n"
	"allow mq_timedreceive mq_notify mq_getsetattr waitid ioprio_set\n"
	"allow ioprio_get inotify_init inotify_add_watch inotify_rm_watch\n"
	"allow openat mkdirat newfstatat unlinkat renameat readlinkat\n"
	"allow faccessat pselect6 ppoll unshare set_robust_list\n"
	"allow get_robust_list splice tee vmsplice utimensat epoll_pwait\n"
	"allow signalfd timerfd_create eventfd fallocate timerfd_settime\n"
	"allow timerfd_gettime signalfd4 eventfd2 epoll_create1 dup3\n"
	"allow pipe2 inotify_init1 preadv pwritev rt_tgsigqueueinfo\n"
	"allow recvmmsg fanotify_init fanotify_mark prlimit64\n"
	"allow name_to_handle_at open_by_handle_at sendmmsg getcpu\n"
	"allow sched_getattr renameat2 getrandom memfd_create execveat\n"
	"allow userfaultfd membarrier mlock2 copy_file_range pwritev2\n"
	"allow pkey_mprotect pkey_alloc pkey_free statx rseq\n"
	"allow pidfd_send_signal io_uring_setup io_uring_enter\n"
	"allow io_uring_register pidfd_open clone3 close_range openat2\n"
	"allow faccessat2 process_madvise memfd_secret cachestat\n";

static const char cape_deny[] =
	"default allow\n"
	"kill accept shutdown listen setsockopt link symlink fchmod\n"
	"kill fchown ptrace syslog setuid setgid setreuid setregid\n"
	"kill setgroups setresuid setresgid getresgid setfsuid setfsgid\n"
	"kill capset mknod setpriority sched_setparam sched_setscheduler\n"
	"kill pivot_root _sysctl adjtimex setrlimit chroot sync acct\n"
	"kill settimeofday mount umount2 swapon swapoff reboot\n"
	"kill sethostname setdomainname iopl ioperm create_module\n"
	"kill init_module delete_module get_kernel_syms query_module\n"
	"kill quotactl nfsservctl getpmsg putpmsg afs_syscall tuxcall\n"
	"kill security clock_settime vserver kexec_load add_key\n"
	"kill request_key keyctl migrate_pages mknodat fchownat\n"
	"kill futimesat linkat symlinkat fchmodat sync_file_range\n"
	"kill move_pages accept4 perf_event_open clock_adjtime syncfs\n"
	"kill setns process_vm_readv process_vm_writev kcmp finit_module\n"
	"kill sched_setattr seccomp kexec_file_load bpf preadv2\n"
	"kill io_pgetevents open_tree move_mount fsopen fsconfig fsmount\n"
	"kill fspick pidfd_getfd epoll_pwait2 mount_setattr quotactl_fd\n"
	"kill landlock_create_ruleset landlock_add_rule\n"
	"kill landlock_restrict_self process_mrelease futex_waitv\n"
	"kill set_mempolicy_home_node\n";

/*
 * What bash, coreutils, interpreters, git, sqlite and compilers call, by
 * families; a program that wants more hears of a kernel that lacks it.
 */
static const char strict[] =
	"default errno:ENOSYS\n"
	"kill chroot pivot_root setns open_by_handle_at\n"
	"kill @kexec @module @power @raw-io\n"
	"errno:EPERM mount umount2 ptrace process_vm_readv process_vm_writev\n"
	"errno:EPERM pidfd_getfd perf_event_open bpf userfaultfd unshare\n"
	"errno:EPERM @clock @host quotactl quotactl_fd\n"
	"allow @loader @io @file @map @process @thread @handlers @time\n"
	"allow @events @who @sockets @ids memfd_create personality @probe\n";
/* clang-format on */

static const struct named_policy named[] = {
	{"default", "a denylist with reasons: programs keep working", NULL},
	{"cape", "capejail's allowlist; else SIGSYS", cape},
	{"cape-deny", "capejail's denylist, by SIGSYS", cape_deny},
	{"strict", "an allowlist for ordinary programs; else ENOSYS", strict},
};
const struct named_policy *const named_policies = named;
const size_t n_named_policies = sizeof(named) / sizeof(*named);

const struct named_policy *named_policy_find(const char *name)
{
	for (size_t i = 0; i < n_named_policies; i++)
		if (strcmp(named[i].name, name) == 0)
			return &named[i];
	return NULL;
}
