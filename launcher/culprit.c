#include "culprit.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* How long a process may take to die of SIGSYS, on a busy machine. */
#define DEATH_MILLISECONDS 500

/* --- /proc */

/* The start of a file below /proc; "" where there is none. */
static void read_proc(int proc_fd, const char *path, char *text, size_t size)
{
	ssize_t len = -1;
	int fd = proc_fd < 0 ? -1 : openat(proc_fd, path, O_RDONLY | O_CLOEXEC);

	if (fd >= 0) {
		len = read(fd, text, size - 1);
		close(fd);
	}
	text[len < 0 ? 0 : len] = '\0';
}

/* What a line says, as a number; 0 where there is none. */
static unsigned long number_of(const char *text, const char *key, int base)
{
	const char *line = strstr(text, key);

	return line ? strtoul(line + strlen(key), NULL, base) : 0;
}

/* It numbers processes as we do; false: it is of another pid namespace. */
static bool numbers_are_ours(int proc_fd)
{
	char self[16] = {0};

	return proc_fd >= 0 &&
	       readlinkat(proc_fd, "self", self, sizeof(self) - 1) > 0 &&
	       strtol(self, NULL, 10) == getpid();
}

/* The number that /proc has for a process; 0: not known. */
static pid_t number_in_proc(int pidfd, int proc_fd)
{
	char path[40], text[512];

	snprintf(path, sizeof(path), "self/fdinfo/%d", pidfd);
	read_proc(proc_fd, path, text, sizeof(text));
	return (pid_t)number_of(text, "\nPid:", 10);
}

/*
 * SIGSYS is what the kernel itself would kill with, and what shells have words
 * for; SIGKILL, where SIGSYS would not end the process, or nobody knows.
 */
static int find_signal(const char *status)
{
	static const char *const keys[] = {
		"\nSigBlk:", "\nSigIgn:", "\nSigCgt:"};
	size_t i;

	if (!*status)
		return SIGKILL;
	for (i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		if (number_of(status, keys[i], 16) >> (SIGSYS - 1) & 1)
			return SIGKILL;
	return SIGSYS;
}

static int open_process(pid_t number)
{
	return number > 1 ? (int)syscall(SYS_pidfd_open, number, 0) : -1;
}

static void read_comm(struct culprit *culprit, pid_t in_proc, int proc_fd)
{
	char path[32], comm[sizeof(culprit->comm) + 1];

	snprintf(path, sizeof(path), "%d/comm", in_proc);
	read_proc(proc_fd, path, comm, sizeof(comm));
	if (*comm) /* without the newline */
		memcpy(culprit->comm, comm, strlen(comm) - 1);
}

void culprit_look(struct culprit *culprit, pid_t number, int proc_fd)
{
	bool is_ours = numbers_are_ours(proc_fd);
	pid_t in_proc = is_ours ? number : 0;
	char path[32], status[4096] = "";

	*culprit = (struct culprit){
		.number = number, .process = number, .pidfd = -1};
	/* A pidfd is had of a process only, and this may be a thread of it. */
	if (!is_ours) {
		culprit->pidfd = open_process(number);
		in_proc = number_in_proc(culprit->pidfd, proc_fd);
	}
	if (in_proc > 0) {
		snprintf(path, sizeof(path), "%d/status", in_proc);
		read_proc(proc_fd, path, status, sizeof(status));
		read_comm(culprit, in_proc, proc_fd);
	}
	culprit->signal = find_signal(status);
	if (is_ours && *status)
		culprit->process = (pid_t)number_of(status, "\nTgid:", 10);
	if (is_ours)
		culprit->pidfd = open_process(culprit->process);
}

void culprit_leave(struct culprit *culprit)
{
	if (culprit->pidfd >= 0)
		close(culprit->pidfd);
	culprit->pidfd = -1;
}

/* --- its end */

static bool has_died(const struct culprit *culprit)
{
	struct pollfd died = {culprit->pidfd, POLLIN, 0};

	return poll(&died, 1, DEATH_MILLISECONDS) > 0;
}

static enum culprit_end kill_hard(const struct culprit *culprit)
{
	int pidfd = culprit->pidfd;

	/* The number of a thread is its process's, too, for kill(). */
	if ((pidfd >= 0 &&
	     syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0) == 0) ||
	    (culprit->number > 1 && kill(culprit->number, SIGKILL) == 0))
		return CULPRIT_BY_SIGKILL;
	return CULPRIT_LIVES;
}

/*
 * To the thread whose call is held: it dies, and its process with it, before it
 * executes anything more.  Another thread might be too late for that.
 */
static bool send_sigsys(const struct culprit *culprit)
{
	return culprit->pidfd >= 0 && syscall(SYS_tgkill, culprit->process,
					      culprit->number, SIGSYS) == 0;
}

/*
 * SIGSYS may have been caught since we looked, by another thread: so what does
 * not die of it soon dies of SIGKILL.
 */
enum culprit_end culprit_kill(const struct culprit *culprit,
			      void (*let_go)(void *data), void *data)
{
	if (culprit->signal == SIGKILL || !send_sigsys(culprit))
		return kill_hard(culprit);
	let_go(data);
	return has_died(culprit) ? CULPRIT_BY_SIGSYS : kill_hard(culprit);
}
