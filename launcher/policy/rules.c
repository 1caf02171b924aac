#include "rules.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/netlink.h>
#include <linux/prctl.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <linux/sockios.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "errno_name.h"
#include "policy.h"

/* clang-format off */
#define EXACT UINT32_MAX
#define IS(arg, name, value) \
	{CONDITION_IS, arg, EXACT, (uint32_t)(value), #name " == " #value, false}
#define IS_MASKED(arg, name, mask, value) \
	{CONDITION_IS, arg, mask, value, "(" #name " & " #mask ") == " #value, \
	 false}
#define NOT(arg, name, value) \
	{CONDITION_NOT, arg, EXACT, (uint32_t)(value), #name " != " #value, false}
#define HAS(arg, name, bits) \
	{CONDITION_HAS, arg, 0, (uint32_t)(bits), #name " & " #bits, false}

/* Sets of bits that conditions name. */
#define CLONE_NEW_ANY (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | \
	CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET)
#define UNSHARE_NEW_ANY (CLONE_NEW_ANY | CLONE_NEWTIME)
#define SET_ID_BITS (S_ISUID | S_ISGID)
#define O_CREATES (O_CREAT | (O_TMPFILE & ~O_DIRECTORY))
/* personality(): anything but PER_LINUX32, UNAME26, ADDR_NO_RANDOMIZE */
#define PERSONA_UNUSUAL (~(0x0000008 | 0x0020000 | 0x0040000))
#define PERSONA_QUERY 0xffffffff
/* what the kernel takes as the type, without SOCK_CLOEXEC and SOCK_NONBLOCK */
#define TYPE_BITS 0xf
/* SIOCGIFCONF and its like */
#define IOCTL_CLASS 0xff00
#define IOCTL_SOCKET 0x8900
#define PRIO_USER 2
#define IOPRIO_WHO_USER 3

#define OTHER_FAMILY NOT(0, family, AF_UNIX), NOT(0, family, AF_INET), \
	NOT(0, family, AF_INET6), NOT(0, family, AF_NETLINK)

/*
 * The answer: SIGSYS where no benign program calls and a silent refusal would
 * hide an attack; ENOSYS where callers have a way out for kernels that lack
 * the call; EPERM where the kernel says so to the unprivileged;
 * EAFNOSUPPORT for sockets.
 */
const struct rule rules[] = {
	{"mount", "chroot pivot_root", {{0}}, 0, ANSWER_KILL,
	 "a second root undoes the first; the jail has no capability for it"},
	{"mount", "mount umount2", {{0}}, 0, EPERM,
	 "would change what the jail sees; tools expect this errno"},
	{"mount", "fsopen fsconfig fsmount fspick move_mount open_tree "
	 "open_tree_attr mount_setattr", {{0}}, 0, ENOSYS,
	 "mount by its new doors (CVE-2021-41133); callers fall back to mount"},
	{"mount-info", "statmount listmount listns", {{0}}, 0, ENOSYS,
	 "show the mounts and namespaces of the host; callers have fallbacks"},
	{"namespace", "setns", {{0}}, 0, ANSWER_KILL,
	 "enters the namespaces of another process"},
	{"namespace", "clone", {HAS(0, flags, CLONE_NEW_ANY)}, 0, EPERM,
	 "a new user namespace gives every capability against the kernel"},
	{"namespace", "unshare", {HAS(0, flags, UNSHARE_NEW_ANY)}, 0, EPERM,
	 "as clone; unsharing files and fs stays legal"},
	{"namespace", "clone3", {{0}}, 0, ENOSYS,
	 "its flags are in memory, out of a filter's sight; libc uses clone"},

	{"kexec", "kexec_load kexec_file_load", {{0}}, 0, ANSWER_KILL,
	 "replaces the kernel"},
	{"module", "init_module finit_module delete_module", {{0}}, 0,
	 ANSWER_KILL, "changes the kernel's code"},
	{"power", "reboot swapon swapoff", {{0}}, 0, ANSWER_KILL,
	 "stops the machine, or takes its memory"},
	{"raw-io", "iopl ioperm", {{0}}, 0, ANSWER_KILL,
	 "ports of the hardware"},
	{"handle", "open_by_handle_at", {{0}}, 0, ANSWER_KILL,
	 "opens any file of a file system, below no root"},

	{"debug", "ptrace process_vm_readv process_vm_writev pidfd_getfd", {{0}},
	 0, EPERM, "read or steer other processes of the same user"},
	{"debug", "kcmp process_madvise process_mrelease lookup_dcookie", {{0}},
	 0, ENOSYS, "about other processes; rarely used, with fallbacks"},
	{"debug", "perf_event_open", {{0}}, 0, EPERM,
	 "large and often broken part of the kernel"},
	{"bpf", "bpf", {{0}}, 0, EPERM, "loads programs into the kernel"},
	{"userfaultfd", "userfaultfd", {{0}}, 0, EPERM,
	 "stops the kernel in mid-copy, which makes races easy to win"},
	{"io-uring", "io_uring_setup io_uring_enter io_uring_register", {{0}}, 0,
	 ENOSYS, "makes calls, sockets among them, that no filter sees"},
	{"keyring", "add_key request_key keyctl", {{0}}, 0, ENOSYS,
	 "keys outlive the jail and are not kept apart"},

	{"clock", "settimeofday clock_settime clock_adjtime adjtimex", {{0}}, 0,
	 EPERM, "the clock of the machine"},
	{"host", "sethostname setdomainname acct syslog vhangup", {{0}}, 0,
	 EPERM, "the machine's name, accounting, kernel log, terminals"},
	{"host", "fanotify_init", {{0}}, 0, EPERM,
	 "watches whole mounts; inotify is there"},
	{"quota", "quotactl quotactl_fd", {{0}}, 0, EPERM,
	 "limits on the disk are the host's"},
	{"quota", "file_setattr", {{0}}, 0, ENOSYS,
	 "moves a file to another project, out of its quota"},
	{"quota", "ioctl", {IS(1, command, FS_IOC_FSSETXATTR)}, 0, EPERM,
	 "file_setattr by its old door"},
	{"numa", "mbind set_mempolicy get_mempolicy set_mempolicy_home_node "
	 "migrate_pages move_pages", {{0}}, 0, ENOSYS,
	 "moves memory, other processes' too; libnuma sees no NUMA"},
	{"lsm", "lsm_get_self_attr lsm_set_self_attr lsm_list_modules", {{0}}, 0,
	 ENOSYS, "profiles of the security module are the host's"},
	{"memory", "vmsplice remap_file_pages modify_ldt", {{0}}, 0, ENOSYS,
	 "rare calls with a bad record; 16-bit segments"},
	{"obsolete", "_sysctl uselib sysfs ustat create_module get_kernel_syms "
	 "query_module nfsservctl getpmsg putpmsg afs_syscall tuxcall security "
	 "vserver epoll_ctl_old epoll_wait_old", {{0}}, 0, ENOSYS,
	 "dead or dying; what a new kernel answers"},

	{"terminal", "ioctl", {IS(1, command, TIOCSTI)}, 0, EPERM,
	 "types into the caller's terminal (CVE-2017-5226)"},
	{"terminal", "ioctl", {IS(1, command, TIOCLINUX)}, 0, EPERM,
	 "pastes into a console (CVE-2023-28100)"},
	{"terminal", "ioctl", {IS(1, command, TIOCSETD)}, 0, EPERM,
	 "line disciplines load kernel modules"},
	{"terminal", "ioctl", {IS(1, command, TIOCCONS)}, 0, EPERM,
	 "takes what is written to the console"},

	{"socket", "socket", {IS(0, family, AF_UNIX)}, POLICY_UNIX,
	 EAFNOSUPPORT, "abstract names reach past the root; socketpair stays"},
	{"socket", "socket", {IS_MASKED(1, type, TYPE_BITS, SOCK_PACKET)}, 0,
	 EAFNOSUPPORT, "AF_PACKET by its old door"},
	{"socket", "socket", {IS(0, family, AF_INET)}, POLICY_NET_HOST,
	 EAFNOSUPPORT, "the network, unless asked for"},
	{"socket", "socket", {IS(0, family, AF_INET6)}, POLICY_NET_HOST,
	 EAFNOSUPPORT, "the network, unless asked for"},
	{"socket", "socket", {IS(0, family, AF_NETLINK)}, POLICY_NET_HOST,
	 EAFNOSUPPORT, "shows the host's interfaces and routes"},
	{"socket", "socket", {IS(0, family, AF_NETLINK),
	 NOT(2, protocol, NETLINK_ROUTE)}, 0, EPROTONOSUPPORT,
	 "audit, firewall, device events and others; the resolver needs ROUTE"},
	{"socket", "socket", {IS(0, family, AF_VSOCK)}, 0, EAFNOSUPPORT,
	 "an enclave's line to its parent: past every network rule"},
	{"socket", "socket", {IS(0, family, AF_ALG)}, 0, EAFNOSUPPORT,
	 "kernel ciphers by socket: loads modules, a bad record"},
	{"socket", "socket", {IS(0, family, AF_PACKET)}, 0, EAFNOSUPPORT,
	 "raw frames"},
	{"socket", "socket", {OTHER_FAMILY}, 0, EAFNOSUPPORT,
	 "every other family, also those to come: they load modules"},
	{"socket", "socketpair", {NOT(0, family, AF_UNIX)}, 0, EAFNOSUPPORT,
	 "only AF_UNIX pairs are of use, and they have no name"},
	{"socket", "socketpair", {IS_MASKED(1, type, TYPE_BITS, SOCK_DGRAM)},
	 POLICY_UNIX, ESOCKTNOSUPPORT,
	 "sendto() from one end reaches abstract names; streams stay"},
	{"socket", "socketpair", {IS_MASKED(1, type, TYPE_BITS, SOCK_RAW)},
	 POLICY_UNIX, ESOCKTNOSUPPORT, "the same: AF_UNIX makes it SOCK_DGRAM"},

	{"setid", "chmod fchmod", {HAS(1, mode, SET_ID_BITS)}, 0, EPERM,
	 "a set-id file of the jail is a way out by another user's hand"},
	{"setid", "fchmodat fchmodat2", {HAS(2, mode, SET_ID_BITS)}, 0, EPERM,
	 "the same"},
	{"setid", "creat", {HAS(1, mode, SET_ID_BITS)}, 0, EPERM,
	 "the same at birth"},
	{"setid", "open", {HAS(1, flags, O_CREATES), HAS(2, mode, SET_ID_BITS)},
	 0, EPERM, "the same at birth"},
	{"setid", "openat", {HAS(2, flags, O_CREATES),
	 HAS(3, mode, SET_ID_BITS)}, 0, EPERM, "the same at birth"},
	{"setid", "openat2", {{0}}, 0, ENOSYS,
	 "its mode is in memory, out of a filter's sight; callers use openat"},
	{"setid", "mknod", {HAS(1, mode, SET_ID_BITS)}, 0, EPERM,
	 "the same at birth"},
	{"setid", "mknodat", {HAS(2, mode, SET_ID_BITS)}, 0, EPERM,
	 "the same at birth"},
	{"device", "mknod", {IS_MASKED(1, mode, S_IFMT, S_IFCHR)}, 0, EPERM,
	 "devices are the host's; FIFOs, sockets and files stay legal"},
	{"device", "mknod", {IS_MASKED(1, mode, S_IFMT, S_IFBLK)}, 0, EPERM,
	 "the same"},
	{"device", "mknodat", {IS_MASKED(2, mode, S_IFMT, S_IFCHR)}, 0, EPERM,
	 "the same"},
	{"device", "mknodat", {IS_MASKED(2, mode, S_IFMT, S_IFBLK)}, 0, EPERM,
	 "the same"},

	{"personality", "personality", {HAS(0, persona, PERSONA_UNUSUAL),
	 NOT(0, persona, PERSONA_QUERY)}, 0, EPERM,
	 "READ_IMPLIES_EXEC and old emulations; 32-bit names, UNAME26 and "
	 "ADDR_NO_RANDOMIZE stay"},
	{"prctl", "prctl", {IS(0, option, PR_SET_MM)}, 0, EPERM,
	 "forges what the process looks like"},
	{"prctl", "prctl", {IS(0, option, PR_SET_PTRACER)}, 0, EPERM,
	 "invites a tracer"},
	{"seccomp", "seccomp", {IS(0, operation, SECCOMP_SET_MODE_FILTER),
	 HAS(1, flags, SECCOMP_FILTER_FLAG_NEW_LISTENER)}, 0, EPERM,
	 "a listener could answer in the place of ours; other filters stay"},

	{"foreign-pid", "prlimit64 sched_setaffinity sched_setparam "
	 "sched_setscheduler sched_setattr", {NOT(0, pid, 0)}, POLICY_OWN_PIDS,
	 EPERM, "processes of the same user outside; 0 (oneself) stays"},
	{"foreign-pid", "setpriority ioprio_set", {NOT(1, who, 0)},
	 POLICY_OWN_PIDS, EPERM, "the same"},
	{"foreign-pid", "setpriority", {IS(0, which, PRIO_USER)},
	 POLICY_OWN_PIDS, EPERM, "the same, all of the user's at once"},
	{"foreign-pid", "ioprio_set", {IS(0, which, IOPRIO_WHO_USER)},
	 POLICY_OWN_PIDS, EPERM, "the same, all of the user's at once"},
	{"foreign-pid", "fcntl", {IS(1, command, F_SETOWN)}, POLICY_OWN_PIDS,
	 EPERM, "has the kernel send signals to outsiders"},
	{"foreign-pid", "fcntl", {IS(1, command, F_SETOWN_EX)},
	 POLICY_OWN_PIDS, EPERM, "the same"},
	{"foreign-pid", "fcntl", {IS(1, command, F_SETSIG)}, POLICY_OWN_PIDS,
	 EPERM, "chooses that signal"},
	{"foreign-pid", "ioctl", {IS(1, command, FIOSETOWN)}, POLICY_OWN_PIDS,
	 EPERM, "F_SETOWN by another door"},
	{"foreign-pid", "ioctl", {IS(1, command, SIOCSPGRP)}, POLICY_OWN_PIDS,
	 EPERM, "F_SETOWN by another door"},
	{"socket", "ioctl", {IS_MASKED(1, command, IOCTL_CLASS, IOCTL_SOCKET)},
	 POLICY_NET_HOST, ENOTTY,
	 "any socket, also of a pair, tells the host's interfaces"},
	{"foreign-pid", "prctl", {IS(0, option, PR_SCHED_CORE)},
	 POLICY_OWN_PIDS, EPERM, "binds the cores of outsiders to ours"},

	/* Others refuse these; we do not, and here is why. */
	{"ids", "setuid setgid setreuid setregid setresuid setresgid setfsuid "
	 "setfsgid setgroups capset", {{0}}, 0, ANSWER_ALLOW,
	 "no capability is left to use them with; programs drop what they lack"},
	{"owner", "chown fchown lchown fchownat", {{0}}, 0, ANSWER_ALLOW,
	 "the kernel checks them; tar and install call them"},
	{"links", "link linkat symlink symlinkat", {{0}}, 0, ANSWER_ALLOW,
	 "below the root like any other name"},
	{"resources", "setrlimit sched_yield sched_getaffinity getpriority",
	 {{0}}, 0, ANSWER_ALLOW, "hard limits only fall"},
	{"network-io", "connect bind listen accept accept4 shutdown setsockopt "
	 "getsockopt sendto recvfrom sendmsg recvmsg sendmmsg recvmmsg", {{0}},
	 0, ANSWER_ALLOW, "of use only on sockets that socket() gave"},
	{"sync", "sync syncfs fsync fdatasync sync_file_range msync", {{0}}, 0,
	 ANSWER_ALLOW, "databases depend on them"},
	{"memfd", "memfd_create memfd_secret", {{0}}, 0, ANSWER_ALLOW,
	 "JITs and display clients need them; the memory is to be accounted for"},
	{"ipc", "shmget shmat shmdt shmctl semget semop semtimedop semctl msgget "
	 "msgsnd msgrcv msgctl mq_open mq_unlink mq_timedsend mq_timedreceive "
	 "mq_notify mq_getsetattr", {{0}}, 0, ANSWER_ALLOW,
	 "databases need them; swept by user, or in an own namespace"},
	{"signal", "kill tkill tgkill rt_sigqueueinfo rt_tgsigqueueinfo "
	 "pidfd_open pidfd_send_signal", {{0}}, 0, ANSWER_ALLOW,
	 "the kernel checks the user: give each jail its own"},
	{"confine", "seccomp landlock_create_ruleset landlock_add_rule "
	 "landlock_restrict_self", {{0}}, 0, ANSWER_ALLOW,
	 "can only tighten; browsers, OpenSSH and systemd confine themselves"},
	{"name-handle", "name_to_handle_at", {{0}}, 0, ANSWER_ALLOW,
	 "a handle alone opens nothing"},
	{"aio", "io_setup io_destroy io_submit io_cancel io_getevents "
	 "io_pgetevents", {{0}}, 0, ANSWER_ALLOW, "databases need them"},
	{"probe", "uretprobe uprobe", {{0}}, 0, ANSWER_ALLOW,
	 "the kernel itself puts them into programs that the host traces"},
	{"modern", "mseal map_shadow_stack futex_wake futex_wait futex_requeue "
	 "cachestat setxattrat getxattrat listxattrat removexattrat "
	 "file_getattr rseq rseq_slice_yield membarrier pkey_alloc pkey_free "
	 "pkey_mprotect", {{0}}, 0, ANSWER_ALLOW,
	 "reviewed: about the caller's own memory and files"},
};
const size_t n_rules = sizeof(rules) / sizeof(*rules);

const struct rule rule_unreviewed = {
	"unreviewed", "", {{0}}, 0, ENOSYS,
	"no call that we have reviewed; a foreign ABI's bit; -1"};
const struct rule rule_denied = {
	"amended", "", {{0}}, 0, EPERM, "--syscall-deny"};
const struct rule rule_allowed = {
	"amended", "", {{0}}, 0, ANSWER_ALLOW, "--syscall-allow"};
const struct rule rule_needed = {
	"needed", "", {{0}}, 0, ANSWER_ALLOW, "to start the program"};
/* clang-format on */

static bool holds(const struct condition *when, const uint64_t args[6])
{
	uint64_t arg =
		when->is_wide ? args[when->arg] : (uint32_t)args[when->arg];

	switch (when->kind) {
	case CONDITION_IS:
		return (arg & when->mask) == when->value;
	case CONDITION_NOT:
		return (arg & when->mask) != when->value;
	case CONDITION_HAS:
		return (arg & when->value) != 0;
	case CONDITION_LESS:
		return arg < when->value;
	case CONDITION_LESS_OR_IS:
		return arg <= when->value;
	case CONDITION_MORE:
		return arg > when->value;
	case CONDITION_MORE_OR_IS:
		return arg >= when->value;
	case CONDITION_NONE:
		break;
	}
	return true;
}

bool rule_holds(const struct rule *rule, const uint64_t args[6])
{
	const struct condition *when = rule->when;

	while (when->kind && holds(when, args))
		when++;
	return !when->kind;
}

bool rule_is_unconditional(const struct rule *rule)
{
	return rule->when[0].kind == CONDITION_NONE;
}

bool rule_allows(const struct rule *rule)
{
	return rule->answer == ANSWER_ALLOW || rule->answer == ANSWER_LOG;
}

bool rule_may_be_opened(const struct rule *rule)
{
	static const char *const groups[] = {"memory", "numa", "obsolete",
					     "personality"};

	for (size_t i = 0; i < sizeof(groups) / sizeof(*groups); i++)
		if (strcmp(rule->group, groups[i]) == 0)
			return true;
	return false;
}

const char *rule_answer_text(const struct rule *rule)
{
	const char *name;

	switch (rule->answer) {
	case ANSWER_ALLOW:
		return "allowed";
	case ANSWER_LOG:
		return "allowed, logged";
	case ANSWER_KILL:
		return "SIGSYS";
	case ANSWER_TRAP:
		return "SIGSYS, catchable";
	case ANSWER_FAKE:
		return "0, not made";
	default:
		name = errno_name(rule->answer);
		return name ? name : "an errno without a name";
	}
}

static const struct {
	unsigned feature;
	const char *text;
} feature_texts[] = {
	{POLICY_NET_HOST, "without --net=host"},
	{POLICY_UNIX, "unless abstract names are isolated"},
	{POLICY_OWN_PIDS, "without a pid namespace"},
};

void rule_print_conditions(const struct rule *rule, FILE *out)
{
	const char *between = "";

	for (const struct condition *when = rule->when; when->kind; when++) {
		fprintf(out, "%s%s", between, when->text);
		between = " and ";
	}
	for (size_t i = 0; i < sizeof(feature_texts) / sizeof(*feature_texts);
	     i++) {
		if (!(rule->unless & feature_texts[i].feature))
			continue;
		fprintf(out, "%s%s", between[0] ? ", " : "",
			feature_texts[i].text);
		between = ", ";
	}
}

void rules_print(FILE *out)
{
	fputs("| group | calls | when | answer | why |\n"
	      "|---|---|---|---|---|\n",
	      out);
	for (const struct rule *rule = rules; rule < rules + n_rules; rule++) {
		fprintf(out, "| @%s | %s | ", rule->group, rule->calls);
		rule_print_conditions(rule, out);
		fprintf(out, " | %s | %s |\n", rule_answer_text(rule),
			rule->why);
	}
}
