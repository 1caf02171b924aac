#include "descendants.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "kernel_dirent.h"

/* PID_MAX_LIMIT of 64-bit kernels. */
#define MOST_PIDS (4 << 20)
/* How many numbers after a corpse's its heirs are looked for at. */
#define NEAR 32
/*
 * How often corpses are looked for before we sleep: who wakes up for one comes
 * too late for its heir, which lives some 30 us.
 */
#define SPINS 5000
/* Without /proc: how many of the newest numbers are tried first, and how often
 * that is doubled until all have been. */
#define NEWEST 1024
#define DOUBLINGS 12
_Static_assert(NEWEST << DOUBLINGS == MOST_PIDS, "then all are tried");
/* Passes over them, and nanoseconds between two, in which the killed die. */
#define PASSES 500
#define PAUSE 1000000
/* Rounds in which only children are looked for, before whole families are. */
#define SHALLOW_ROUNDS 4

/* Decimal digits; 0 where there are none. */
static pid_t read_pid(const char *text)
{
	pid_t pid = 0;

	while (*text >= '0' && *text <= '9' && pid < MOST_PIDS)
		pid = 10 * pid + (*text++ - '0');
	return pid;
}

enum kinship { STRANGER, CORPSE, CHILD };

/*
 * Somebody else's process is not our business, nor is a child that is hidden
 * (private_dir.c).
 */
static enum kinship kinship(pid_t pid)
{
	siginfo_t info = {.si_pid = 0};

	while (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0)
		if (errno == ECHILD)
			return STRANGER;
	return info.si_pid ? CORPSE : CHILD;
}

/*
 * A session that is not ours was made in the jail, and all that are in it were
 * born there: one call then ends the whole group, at one moment.
 */
static void kill_with_group(pid_t pid)
{
	pid_t session = getsid(pid), group = getpgid(pid);

	kill(pid, SIGKILL);
	if (session > 0 && session != getsid(0) && group > 1)
		kill(-group, SIGKILL);
}

/* Whether it was one and lived. */
static bool kill_child(pid_t pid)
{
	enum kinship kin = pid > 1 ? kinship(pid) : STRANGER;

	if (kin != STRANGER)
		kill_with_group(pid);
	return kin == CHILD;
}

static void kill_if_child(pid_t pid, void *unused)
{
	(void)unused;
	kill_child(pid);
}

/*
 * Calls visit for each process number of /proc, in ascending order.  Few at a
 * time: a list that is old when it is read misses much.  False: no /proc, or
 * not all of it: whoever is missed might be waited for for ever.
 */
static bool for_each_process(int proc_fd, void (*visit)(pid_t pid, void *data),
			     void *data)
{
	char buffer[1024] __attribute__((aligned(8)));
	int fd = openat(proc_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool found = false;
	long len;

	if (fd < 0)
		return false;
	while ((len = syscall(SYS_getdents64, fd, buffer, sizeof(buffer))) >
	       0) {
		long at = 0;

		while (at < len) {
			const struct kernel_dirent *entry =
				(const void *)(buffer + at);

			at += entry->len;
			if (read_pid(entry->name) == 0)
				continue;
			found = true;
			visit(read_pid(entry->name), data);
		}
	}
	close(fd);
	return found && len == 0;
}

/* The number of a process that is born now; 0: none can be. */
static pid_t newest_pid(void)
{
	long pid = syscall(SYS_clone, (long)SIGCHLD, 0L, 0L, 0L, 0L);
	siginfo_t info;

	if (pid == 0) /* _exit() would tidy up a strange stack */
		syscall(SYS_exit_group, 0);
	if (pid < 0)
		return 0;
	while (waitid(P_PID, (id_t)pid, &info, WEXITED) < 0 && errno == EINTR)
		;
	return (pid_t)pid;
}

/* Whether any of these lived, or of those born behind them meanwhile. */
static bool kill_range(pid_t pid, pid_t end)
{
	bool any = false;

	for (; pid < end; pid++)
		if (kill_child(pid)) {
			any = true;
			if (end < pid + NEAR)
				end = pid + NEAR;
		}
	return any;
}

/*
 * Of the newest numbers, and of those next to ours: all were born after us, but
 * after the highest number, which nobody knows here, they begin anew.
 */
static bool kill_near(pid_t newest, pid_t width)
{
	pid_t first = newest < width ? 2 : newest - width + 2;
	bool any = kill_range(first, newest + NEAR);

	if (width > NEWEST) /* the first to be tried are few, to be fast */
		any |= kill_range(getpid() + 1, getpid() + width);
	return any;
}

/*
 * Without a /proc to look into.  Who forks for ever is always among the newest
 * numbers, and would outrun a search of all: those are tried first, and more of
 * the older ones in each round.  Nobody is reaped before a pass finds no child
 * alive: corpses count for the limit of processes, so that in the end none can
 * be born.  False: not all numbers were tried.
 */
static bool kill_newest(unsigned round)
{
	const struct timespec pause = {.tv_nsec = PAUSE};
	const pid_t width = NEWEST << round % (DOUBLINGS + 1);
	unsigned pass;

	for (pass = 0; pass < PASSES; pass++) {
		pid_t newest = newest_pid();
		bool is_all = width == MOST_PIDS || newest == 0;
		bool any = is_all ? kill_range(2, MOST_PIDS)
				  : kill_near(newest, width);

		if (!any)
			return is_all;
		nanosleep(&pause, NULL);
	}
	return false;
}

/* False: some may not have been looked at. */
static bool kill_children(int proc_fd, unsigned round)
{
	return for_each_process(proc_fd, kill_if_child, NULL) ||
	       kill_newest(round);
}

/* The fourth field of /proc/PID/stat; 0: gone. */
static pid_t parent_of(int proc_fd, pid_t pid)
{
	char path[32], text[512], *at;
	int fd;
	ssize_t len;

	snprintf(path, sizeof(path), "%d/stat", pid);
	fd = openat(proc_fd, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	len = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (len <= 0)
		return 0;
	text[len] = '\0';
	at = strrchr(text, ')'); /* a name may hold any byte */
	return at && at[1] && at[2] ? read_pid(at + 4) : 0;
}

/* One bit a process number: is it a descendant? */
static unsigned char family[MOST_PIDS / 8];

static bool is_family(pid_t pid)
{
	return pid > 0 && pid < MOST_PIDS && family[pid / 8] >> pid % 8 & 1;
}

struct head {
	int proc_fd;
	pid_t pid; /* ours */
};

static void kill_if_family(pid_t pid, void *data)
{
	const struct head *head = data;

	const pid_t parent = parent_of(head->proc_fd, pid);

	if (pid >= MOST_PIDS || !is_family(parent) || pid == head->pid ||
	    (parent == head->pid && kinship(pid) == STRANGER))
		return;
	family[pid / 8] |= (unsigned char)(1 << pid % 8);
	kill(pid, SIGKILL);
}

/*
 * Where those that are killed are replaced by grandchildren that fork: all
 * generations in one pass.  Numbers ascend, and so does the pass: it meets
 * what is born meanwhile.
 */
static void kill_families(int proc_fd)
{
	struct head head = {proc_fd, getpid()};

	memset(family, 0, sizeof(family));
	if (head.pid < MOST_PIDS)
		family[head.pid / 8] |= (unsigned char)(1 << head.pid % 8);
	for_each_process(proc_fd, kill_if_family, &head);
}

/* A chain that forks and exits for ever is met at its next numbers. */
static void kill_heirs(pid_t corpse)
{
	pid_t pid;

	for (pid = corpse + 1; pid <= corpse + NEAR; pid++)
		kill_child(pid);
}

/* False: there is no child any more. */
static bool reap(int flags, unsigned long *n)
{
	siginfo_t info = {.si_pid = 0};

	while (waitid(P_ALL, 0, &info, WEXITED | flags) < 0)
		if (errno == ECHILD)
			return false;
	if (info.si_pid == 0)
		return true; /* WNOHANG: all alive */
	(*n)++;
	kill_heirs(info.si_pid);
	return true;
}

/* We must not starve beside what we kill.  Best effort: it only helps. */
static void get_ahead(void)
{
	struct sched_param param = {.sched_priority = 1};

	if (sched_setscheduler(0, SCHED_RR, &param) < 0)
		setpriority(PRIO_PROCESS, 0, -20);
}

/*
 * False: there is no child any more.  Else one more round may find more; whoever
 * was killed is waited for.
 */
static bool reap_busily(bool all_killed, unsigned long *n)
{
	unsigned long before = *n;
	unsigned i;

	for (i = 0; i < SPINS; i++)
		if (!reap(WNOHANG, n))
			return false;
	return *n > before || !all_killed || reap(0, n);
}

int descendants_look(void)
{
	return open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
}

unsigned long descendants_kill(int proc_fd)
{
	unsigned long n = 0;
	unsigned round;

	if (!reap(WNOHANG, &n))
		return n;
	get_ahead();
	for (round = 0;; round++) {
		bool all_killed = kill_children(proc_fd, round);

		if (round >= SHALLOW_ROUNDS)
			kill_families(proc_fd);
		if (!reap_busily(all_killed, &n))
			return n;
	}
}

/*
 * All at one moment: the kernel lets nobody fork who is about to die.  If they
 * cannot be killed it does that, too, when we end; to wait would be for ever.
 */
unsigned long descendants_kill_namespace(void)
{
	unsigned long n = 0;
	siginfo_t info;

	for (;;) {
		/* To kill all of a namespace the kernel looks at all there are. */
		if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0 &&
		    errno == ECHILD)
			return n;
		if (kill(-1, SIGKILL) < 0 && errno != ESRCH)
			return n;
		if (waitid(P_ALL, 0, &info, WEXITED) == 0)
			n++;
		else if (errno == ECHILD)
			return n;
	}
}
