#include "descendants.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* PID_MAX_LIMIT of 64-bit kernels. */
#define MOST_PIDS (4 << 20)
/* How many numbers after a corpse's its heirs are looked for at. */
#define NEAR 8

struct dirent64 { /* the kernel's, of getdents64() */
	uint64_t ino;
	int64_t off;
	unsigned short len;
	unsigned char type;
	char name[];
};

/* A live child or a corpse; somebody else's process is not our business. */
static bool is_child(pid_t pid)
{
	siginfo_t info;

	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) ==
	       0;
}

static void kill_if_child(pid_t pid)
{
	if (pid > 1 && is_child(pid))
		kill(pid, SIGKILL);
}

/* Few entries at a time: a list that is old when it is read misses much. */
static bool kill_listed(void)
{
	char buffer[1024] __attribute__((aligned(8)));
	int fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool found = false;
	long len;

	if (fd < 0)
		return false;
	while ((len = syscall(SYS_getdents64, fd, buffer, sizeof(buffer))) >
	       0) {
		long at = 0;

		while (at < len) {
			const struct dirent64 *entry =
				(const void *)(buffer + at);

			at += entry->len;
			if (entry->name[0] < '1' || entry->name[0] > '9')
				continue;
			found = true;
			kill_if_child(atoi(entry->name));
		}
	}
	close(fd);
	return found;
}

static void kill_counted(void)
{
	pid_t pid;

	for (pid = 2; pid < MOST_PIDS; pid++)
		kill_if_child(pid);
}

/* A chain that forks and exits for ever is met at its next numbers. */
static void kill_heirs(pid_t corpse)
{
	pid_t pid;

	for (pid = corpse + 1; pid <= corpse + NEAR; pid++)
		kill_if_child(pid);
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

unsigned long descendants_kill(void)
{
	unsigned long n = 0, before;

	if (!reap(WNOHANG, &n))
		return n;
	get_ahead();
	for (;;) {
		if (!kill_listed())
			kill_counted();
		if (!reap(0, &n))
			return n;
		do
			before = n;
		while (reap(WNOHANG, &n) && n > before);
	}
}
