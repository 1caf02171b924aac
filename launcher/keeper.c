#include "keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "descendants.h"
#include "fdio.h"
#include "plan.h"
#include "spec.h"

#define CHILD_STACK (64 << 10)

/* What the keeper and the starting program share. */
struct start {
	const struct plan *plan;
	pid_t keeper;
	struct start_failure failure;
};

struct watch {
	int orders_fd, notes_fd, children_fd;
	int proc_fd; /* for the end: the jail's root has no /proc; or -1 */
	pid_t pid; /* the program; 0: it has been reaped */
	bool was_stopped;
	uint64_t started, deadline; /* nanoseconds; no deadline: UINT64_MAX */
	struct keeper_note note;
};

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

/*
 * Runs in the child, on a stack of its own in the keeper's memory; the keeper
 * waits until the program is executed or we exit.
 */
static int child(void *opaque)
{
	struct start *start = opaque;

	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (getppid() == start->keeper)
		start_program(start->plan, &start->failure);
	else
		start->failure.stage = START_PARENT;
	syscall(SYS_exit_group, 1); /* _exit() would tidy up a strange stack */
	return 1;
}

static uint64_t find_deadline(const struct jail_spec *spec, uint64_t started)
{
	const struct jail_limit *limit = &spec->limits[LIMIT_WALL_TIME];
	uint64_t span, deadline;

	if (!limit->is_set ||
	    __builtin_mul_overflow(limit->value, 1000000, &span) ||
	    __builtin_add_overflow(started, span, &deadline))
		return UINT64_MAX;
	return deadline;
}

static void start_child(struct watch *watch, const struct plan *plan)
{
	static char stack[CHILD_STACK] __attribute__((aligned(16)));
	struct start start = {.plan = plan, .keeper = getpid()};

	watch->started = now();
	watch->deadline = find_deadline(plan->spec, watch->started);
	watch->pid = clone(child, stack + sizeof(stack),
			   CLONE_VM | CLONE_VFORK | SIGCHLD, &start);
	if (watch->pid < 0)
		start.failure =
			(struct start_failure){START_CLONE, 0, 0, errno};
	watch->note.failure = start.failure;
	watch->note.pid = watch->pid;
}

/*
 * What must not fail once the program runs.  Without it what the program
 * leaves behind would go to another, or nobody would see it end.
 */
static int get_ready(struct watch *watch)
{
	sigset_t child_ended;

	sigemptyset(&child_ended);
	sigaddset(&child_ended, SIGCHLD);
	watch->children_fd =
		signalfd(-1, &child_ended, SFD_NONBLOCK | SFD_CLOEXEC);
	if (watch->children_fd < 0 ||
	    sigprocmask(SIG_BLOCK, &child_ended, NULL) < 0 ||
	    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
		return -errno;
	return 0;
}

/* Nothing that the caller gave us stays open here, and no number is special. */
static int close_the_rest(struct watch *watch)
{
	if (dup2(watch->orders_fd, 0) < 0 || dup2(watch->notes_fd, 1) < 0 ||
	    dup2(watch->children_fd, 2) < 0)
		return -errno;
	watch->orders_fd = 0;
	watch->notes_fd = 1;
	watch->children_fd = 2;
	if (watch->proc_fd >= 0 && watch->proc_fd != 3) {
		if (dup2(watch->proc_fd, 3) < 0)
			return -errno;
		watch->proc_fd = 3;
	}
	if (syscall(SYS_close_range, 4, ~0u, 0) < 0) {
		int fd;

		for (fd = 4; fd < 1024; fd++)
			close(fd);
	}
	return 0;
}

static void note_failure(struct watch *watch, int error)
{
	if (error < 0)
		watch->note.failure =
			(struct start_failure){START_KEEPER, 0, 0, -error};
}

static bool has_failed(const struct watch *watch)
{
	return watch->note.failure.stage != START_OK;
}

static void send_note(struct watch *watch, enum keeper_event event)
{
	watch->note.event = event;
	fd_write_full(watch->notes_fd, &watch->note, sizeof(watch->note));
}

static void note_end(struct watch *watch, int status, const struct rusage *use)
{
	watch->note.wait_status = status;
	watch->note.program = *use;
	watch->note.nanoseconds = now() - watch->started;
	watch->pid = 0;
}

/*
 * The program ended.  While its corpse is there its number is nobody else's,
 * and so is its process group: all that stayed in it end at one moment.
 */
static void bury_program(struct watch *watch)
{
	struct rusage use;
	int status;

	kill(-watch->pid, SIGKILL);
	while (wait4(watch->pid, &status, 0, &use) < 0)
		if (errno == ECHILD)
			return;
	note_end(watch, status, &use);
}

/* Takes note of every child that ended or stopped. */
static void look_at_children(struct watch *watch)
{
	const int events = WEXITED | WSTOPPED | WNOHANG;

	while (watch->pid != 0) {
		siginfo_t info = {.si_pid = 0};

		while (waitid(P_ALL, 0, &info, events | WNOWAIT) < 0)
			if (errno == ECHILD)
				return;
		if (info.si_pid == 0)
			return;
		if (info.si_pid != watch->pid) {
			waitid(P_PID, (id_t)info.si_pid, &info, events);
		} else if (info.si_code != CLD_STOPPED) {
			bury_program(watch);
		} else if (waitid(P_PID, (id_t)watch->pid, &info, events) ==
			   0) {
			watch->was_stopped = true;
			send_note(watch, KEEPER_STOPPED);
		}
	}
}

/* False: the supervisor is gone. */
static bool take_orders(const struct watch *watch)
{
	unsigned char orders[16];
	ssize_t i, n = read(watch->orders_fd, orders, sizeof(orders));

	if (n < 0)
		return errno == EINTR || errno == EAGAIN;
	/* Its process group; the program made it before it was executed. */
	for (i = 0; i < n; i++)
		kill(-watch->pid, orders[i]);
	return n > 0;
}

static int milliseconds_left(const struct watch *watch)
{
	uint64_t time, left;

	if (watch->deadline == UINT64_MAX)
		return -1;
	time = now();
	if (time >= watch->deadline)
		return 0;
	left = (watch->deadline - time + 999999) / 1000000;
	return left > INT32_MAX ? INT32_MAX : (int)left;
}

/* Until the program ended, or has to be ended. */
static void watch_program(struct watch *watch)
{
	struct pollfd fds[] = {{watch->orders_fd, POLLIN, 0},
			       {watch->children_fd, POLLIN, 0}};
	struct signalfd_siginfo info;

	while (watch->pid != 0) {
		int left = milliseconds_left(watch);

		if (left == 0) {
			watch->note.is_timed_out = 1;
			return;
		}
		if (poll(fds, 2, left) <= 0)
			continue;
		if (fds[1].revents) {
			/* One may stand for many. */
			if (read(watch->children_fd, &info, sizeof(info)) < 0)
				continue;
			look_at_children(watch);
		}
		if (watch->pid != 0 && fds[0].revents && !take_orders(watch))
			return;
	}
}

static void keep(const struct plan *plan, int orders_fd, int notes_fd)
{
	struct watch watch = {.orders_fd = orders_fd,
			      .notes_fd = notes_fd,
			      .proc_fd = descendants_look()};

	/* If the program's end cannot be learned, we made it. */
	watch.note.wait_status = SIGKILL;
	setpgid(0, 0);
	prctl(PR_SET_NAME, "jail-keeper", 0, 0, 0);
	note_failure(&watch, get_ready(&watch));
	if (!has_failed(&watch) &&
	    start_enter(plan, &watch.note.root, &watch.note.failure)) {
		start_child(&watch, plan);
		if (!has_failed(&watch))
			note_failure(&watch, close_the_rest(&watch));
	}
	if (!has_failed(&watch))
		watch_program(&watch);
	if (watch.pid > 0) {
		kill(watch.pid, SIGKILL);
		bury_program(&watch);
	}
	watch.note.n_orphans = descendants_kill(watch.proc_fd);
	getrusage(RUSAGE_CHILDREN, &watch.note.all);
	send_note(&watch, has_failed(&watch) ? KEEPER_FAILED : KEEPER_ENDED);
	if (watch.was_stopped)
		kill(getppid(), SIGCONT); /* it stopped along, and must see */
	_exit(0);
}

int keeper_start(const struct plan *plan, struct keeper *out, struct err *err)
{
	int orders[2], notes[2];

	if (pipe2(orders, O_CLOEXEC) < 0)
		return err_sys(err, errno, "make a pipe");
	if (pipe2(notes, O_CLOEXEC) < 0) {
		int error = errno;

		close(orders[0]);
		close(orders[1]);
		return err_sys(err, error, "make a pipe");
	}
	*out = (struct keeper){fork(), orders[1], notes[0]};
	if (out->pid == 0) {
		close(orders[1]);
		close(notes[0]);
		keep(plan, orders[0], notes[1]);
	}
	close(orders[0]);
	close(notes[1]);
	return out->pid < 0 ? err_sys(err, errno, "start the keeper") : 0;
}

void keeper_order(const struct keeper *keeper, int signal)
{
	unsigned char order = (unsigned char)signal;

	/* If it is gone, its notes say so. */
	if (write(keeper->orders_fd, &order, 1) < 0)
		return;
}
