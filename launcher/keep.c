#include "keep.h"

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
#include <unistd.h>

#include "clone_into.h"
#include "close_fds.h"
#include "descendants.h"
#include "fdio.h"
#include "futex.h"
#include "mount_calls.h"
#include "oom_score.h"
#include "plan.h"
#include "sanitizer.h"
#include "spec.h"
#include "syscall_guard.h"
#include "terminal.h"
#include "time_limit.h"

#define STACK_SIZE (64 << 10)
#define MOMENT_NANOSECONDS 20000000 /* for one wait */

/* What the keeper and the starting program share, until it is executed. */
struct start {
	const struct plan *plan;
	pid_t keeper;
	uint32_t is_watched; /* a futex */
	uint32_t shares_memory; /* a futex; 0: it was executed, or ended */
	struct start_failure failure;
};

struct watch {
	int orders_fd, notes_fd, children_fd;
	int supervisors_fd; /* its end of the orders, until the program is born */
	int proc_fd; /* for the end: the jail's root has no /proc; or -1 */
	struct terminal_hold terminal;
	int tree_fd; /* of which to tell whether it is full; or -1 */
	int lock_fd; /* of what no other jail may use meanwhile; or -1 */
	int refused_fd; /* here come the calls that it may not make; or -1 */
	const struct listener *listener; /* for them; or NULL */
	bool is_init, has_looked; /* of and into the jail's pid namespace */
	pid_t pid; /* the program; 0: it has been reaped */
	bool is_executed;
	bool tells; /* the supervisor wants to know what happens */
	bool tells_start; /* or just when it starts to relay */
	uint32_t n_told; /* refusals of which it was told */
	struct time_limit limit;
	struct cgroup *cgroup; /* or NULL */
	struct oom_score oom_score; /* the guardians' */
	struct start start;
	struct own_uid *own_uid; /* or NULL */
	struct keeper_last *last;
};

static void await_watch(void *opaque)
{
	struct start *start = opaque;

	while (!__atomic_load_n(&start->is_watched, __ATOMIC_ACQUIRE))
		futex_wait(&start->is_watched, 0, NULL);
}

/* The program may be executed from now on. */
static void let_execute(struct start *start)
{
	__atomic_store_n(&start->is_watched, 1, __ATOMIC_RELEASE);
	syscall(SYS_futex, &start->is_watched, FUTEX_WAKE, 1);
}

/*
 * Runs in the child, on a stack of its own in the keeper's memory, beside the
 * keeper, which gets ready meanwhile.
 */
static int child(void *opaque)
{
	struct start *start = opaque;
	const struct start_gate gate = {await_watch, start};

	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (getppid() == start->keeper)
		start_program(start->plan, &gate, &start->failure);
	else
		start->failure.stage = START_PARENT;
	syscall(SYS_exit_group, 1); /* _exit() would tidy up a strange stack */
	return 1;
}

/*
 * The supervisor wants to know the program's number, which is another outside a
 * pid namespace.  As the owner of what both have open it is told to each as the
 * number that it has there, also without a /proc.  No signal comes of it: that
 * would take O_ASYNC.
 */
static void tell_number(struct watch *watch)
{
	if (watch->pid > 0)
		fcntl(watch->supervisors_fd, F_SETOWN, watch->pid);
}

/* From here on we see when it has gone. */
static void leave_end_to_supervisor(struct watch *watch)
{
	if (watch->supervisors_fd >= 0)
		close(watch->supervisors_fd);
	watch->supervisors_fd = -1;
}

static void start_child(struct watch *watch, const struct plan *plan)
{
	static char stack[STACK_SIZE] __attribute__((aligned(16)));
	/*
	 * Until it executes the program it has the same descriptors as we: so
	 * the listener that it gets is ours.
	 */
	const struct clone_request request = {
		.flags = CLONE_VM | CLONE_FILES | CLONE_CHILD_CLEARTID,
		.child = child,
		.arg = &watch->start,
		.stack = stack,
		.stack_size = sizeof(stack),
		.alive = &watch->start.shares_memory,
	};

	watch->start = (struct start){
		.plan = plan, .keeper = getpid(), .shares_memory = 1};
	time_limit_start(&watch->limit, plan->spec);
	sanitizer_renew_stack(stack, sizeof(stack));
	watch->pid = cgroup_clone(watch->cgroup, &request);
	watch->last->pid = watch->limit.pid = watch->pid;
	if (watch->pid < 0)
		watch->start.failure =
			(struct start_failure){START_CLONE, 0, 0, errno};
	tell_number(watch);
	leave_end_to_supervisor(watch);
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
	int kept[CGROUP_MOST_FDS + UID_FDS + 6];
	size_t n;

	if (dup2(watch->orders_fd, 0) < 0 || dup2(watch->notes_fd, 1) < 0 ||
	    dup2(watch->children_fd, 2) < 0)
		return -errno;
	watch->orders_fd = 0;
	watch->notes_fd = 1;
	watch->children_fd = 2;
	n = cgroup_fds(watch->cgroup, kept);
	n += own_uid_fds(watch->own_uid, kept + n);
	if (watch->proc_fd >= 0)
		kept[n++] = watch->proc_fd;
	if (watch->tree_fd >= 0)
		kept[n++] = watch->tree_fd;
	if (watch->lock_fd >= 0)
		kept[n++] = watch->lock_fd;
	if (watch->terminal.modes) {
		kept[n++] = watch->terminal.slave;
		kept[n++] = watch->terminal.callers;
	}
	if (watch->refused_fd >= 0)
		kept[n++] = watch->refused_fd;
	close_fds_but(3, kept, n);
	return 0;
}

static void note_failure(struct watch *watch, int error)
{
	if (error < 0)
		watch->start.failure =
			(struct start_failure){START_KEEPER, 0, 0, -error};
}

static bool has_failed(const struct watch *watch)
{
	return watch->start.failure.stage != START_OK;
}

static void note_end(struct watch *watch, int status, const struct rusage *use)
{
	watch->last->wait_status = status;
	watch->last->program = *use;
	watch->last->nanoseconds = time_limit_spent(&watch->limit);
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
			const unsigned char by = (unsigned char)info.si_status;

			fd_write_full(watch->notes_fd, &by, 1);
		}
	}
}

static void carry_out(struct watch *watch, int order)
{
	if (order >= KEEPER_TERMINAL)
		terminal_move(&watch->terminal,
			      (enum terminal_order)(order - KEEPER_TERMINAL),
			      watch->pid);
	/* Its process group; who makes it a moment later is alone as yet. */
	else if (kill(-watch->pid, order) < 0)
		kill(watch->pid, order);
}

/* False: the supervisor is gone, or wants the jail to be so. */
static bool take_orders(struct watch *watch)
{
	unsigned char orders[16];
	ssize_t i, n = read(watch->orders_fd, orders, sizeof(orders));

	if (n < 0)
		return errno == EINTR || errno == EAGAIN;
	for (i = 0; i < n && orders[i] != KEEPER_END; i++)
		carry_out(watch, orders[i]);
	if (n == 0) /* first of all: a shell may be waiting for it */
		terminal_give_back(&watch->terminal);
	return n > 0 && i == n;
}

/*
 * The host's /proc does not know processes by the numbers that they have in a
 * pid namespace.  One that does is made when the first name is wanted, and is
 * mounted nowhere; else the host's has to do, which knows processes, by way of
 * pidfds, and no threads.
 */
static void look_into_namespace(struct watch *watch)
{
	const struct mount_option no_options[] = {{NULL, NULL}};
	int made;

	if (!watch->is_init || watch->has_looked)
		return;
	watch->has_looked = true;
	made = mount_make("proc", no_options, MOUNT_ATTR_RDONLY);
	if (made < 0)
		return;
	if (watch->proc_fd >= 0)
		close(watch->proc_fd);
	watch->proc_fd = made;
}

static void tell(const struct watch *watch, unsigned char what)
{
	if (watch->tells)
		fd_write_full(watch->notes_fd, &what, 1);
}

static void tell_start(const struct watch *watch)
{
	const unsigned char what = KEEPER_STARTED;

	if (watch->tells_start)
		fd_write_full(watch->notes_fd, &what, 1);
}

/* Of no more than REFUSALS_TOLD: so many notes a pipe takes without blocking. */
static void tell_refusals(struct watch *watch)
{
	const struct listener_log *log = watch->listener->log;

	if (log->n_told == watch->n_told ||
	    __atomic_load_n(&log->is_quiet, __ATOMIC_ACQUIRE))
		return;
	watch->n_told = log->n_told;
	tell(watch, KEEPER_REFUSED);
}

/* False: a process that has to die cannot be reached, so all of them do. */
static bool answer_call(struct watch *watch, const struct pollfd *ready)
{
	if (!ready->revents)
		return true;
	look_into_namespace(watch);
	if (listener_serve(watch->listener, ready, watch->proc_fd) ==
	    LISTENER_FAILED)
		return false;
	tell_refusals(watch);
	return true;
}

/*
 * The program gets its own memory and descriptors when it is executed, or dies:
 * then ours can be closed.  Waits for it, but only a moment.
 */
static int await_execution(struct watch *watch)
{
	const struct timespec moment = {0, MOMENT_NANOSECONDS};
	uint32_t *shares = &watch->start.shares_memory;

	if (__atomic_load_n(shares, __ATOMIC_ACQUIRE))
		futex_wait(shares, 1, &moment);
	if (__atomic_load_n(shares, __ATOMIC_ACQUIRE))
		return 0;
	watch->is_executed = true;
	oom_score_give_back(&watch->oom_score);
	if (watch->listener)
		watch->refused_fd = listener_take(watch->listener);
	if (!has_failed(watch))
		tell_start(watch);
	return close_the_rest(watch);
}

/* One wait for whatever comes.  False: the program has to be ended. */
static bool watch_once(struct watch *watch, int timeout)
{
	struct pollfd fds[] = {{watch->orders_fd, POLLIN, 0},
			       {watch->children_fd, POLLIN, 0},
			       {watch->refused_fd, POLLIN, 0}};
	struct signalfd_siginfo info;

	if (poll(fds, 3, timeout) <= 0)
		return true;
	if (!answer_call(watch, &fds[2]))
		return false;
	if (fds[2].revents & POLLHUP)
		watch->refused_fd = -1; /* nobody is left who could ask */
	if (fds[1].revents) {
		/* One may stand for many. */
		if (read(watch->children_fd, &info, sizeof(info)) < 0)
			return true;
		look_at_children(watch);
	}
	return watch->pid == 0 || !fds[0].revents || take_orders(watch);
}

/* Until the program ended, or has to be ended. */
static int watch_program(struct watch *watch)
{
	while (watch->pid != 0) {
		enum limit over;
		int left = time_limit_left(&watch->limit, &over);

		if (left == 0) {
			watch->last->ended_by = over;
			return 0;
		}
		if (!watch->is_executed) {
			int error = await_execution(watch);

			if (error < 0)
				return error;
			left = 0;
		}
		if (!watch_once(watch, left))
			return 0;
	}
	return 0;
}

static void run_program(struct watch *watch, const struct plan *plan)
{
	int error;

	start_child(watch, plan);
	/* The program was born in the jail's root, and we leave it. */
	error = chdir("/") < 0 ? -errno : 0;
	if (has_failed(watch))
		return;
	watch->tree_fd = plan_hold(plan);
	if (error == 0)
		error = get_ready(watch);
	if (error == 0) {
		let_execute(&watch->start);
		if (watch->tree_fd < 0)
			plan_let_go(plan);
		error = watch_program(watch);
	}
	if (watch->pid > 0) {
		kill(watch->pid, SIGKILL);
		bury_program(watch);
	}
	if (watch->tree_fd >= 0) {
		watch->last->is_full =
			plan->spec->has_readers && plan_is_full(plan);
		plan_let_go(plan); /* the supervisor may take its time */
		watch->tree_fd = -1;
	}
	if (error) /* some end may be open twice: the supervisor's alone */
		watch->terminal.modes = NULL;
	note_failure(watch, error);
}

/* The supervisor is gone. */
static bool is_alone(const struct watch *watch)
{
	struct pollfd orders = {watch->orders_fd, 0, 0};

	return poll(&orders, 1, 0) > 0;
}

/*
 * The caller's terminal is the supervisor's to give back, and ours if that is
 * killed before.
 */
static void await_supervisor(const struct watch *watch)
{
	unsigned char order = KEEPER_TERMINAL;

	if (fd_write_full(watch->notes_fd, "", 1) < 0)
		close(watch->notes_fd);
	while (order != KEEPER_END && read(watch->orders_fd, &order, 1) > 0)
		continue;
	terminal_give_back(&watch->terminal);
}

static const struct listener *find_listener(const struct plan *plan)
{
	const struct syscall_guard *guard = plan_guard(plan);

	return guard && guard->listener.log ? &guard->listener : NULL;
}

void keep(const struct keeper_ends *ends)
{
	const struct terminal *terminal = ends->plan->spec->terminal;
	struct watch watch = {.orders_fd = ends->orders[0],
			      .notes_fd = ends->notes[1],
			      .supervisors_fd = ends->orders[1],
			      .terminal = terminal_hold(terminal),
			      .proc_fd = descendants_look(),
			      .cgroup = ends->plan->spec->cgroup,
			      .own_uid = ends->plan->spec->own_uid,
			      .oom_score = ends->oom_score,
			      .listener = find_listener(ends->plan),
			      .tree_fd = -1,
			      .lock_fd = plan_lock(ends->plan),
			      .refused_fd = -1,
			      .tells = ends->plan->spec->flags->events,
			      .tells_start = ends->plan->spec->flags->events ||
					     terminal_is_own(terminal),
			      .is_init = ends->clone_flags & CLONE_NEWPID,
			      .last = ends->last};

	/* If the program's end cannot be learned, we made it. */
	watch.last->wait_status = SIGKILL;
	watch.last->ended_by = N_LIMITS;
	/* With a terminal of the jail's own, it will lead a session. */
	if (!terminal_is_own(terminal))
		setpgid(0, 0);
	prctl(PR_SET_NAME, "jail-keeper", 0, 0, 0);
	if (start_enter(ends->plan, &watch.last->root, &watch.start.failure))
		run_program(&watch, ends->plan);
	leave_end_to_supervisor(&watch); /* if there was no program */
	oom_score_give_back(&watch.oom_score);
	cgroup_read(watch.cgroup, &watch.last->use);
	cgroup_kill(watch.cgroup);
	own_uid_kill(watch.own_uid);
	watch.last->n_orphans = watch.is_init ? descendants_kill_namespace()
					      : descendants_kill(watch.proc_fd);
	cgroup_remove(watch.cgroup);
	own_uid_sweep(watch.own_uid, &watch.last->swept);
	if (is_alone(&watch))
		own_uid_forget(watch.own_uid);
	getrusage(RUSAGE_CHILDREN, &watch.last->all);
	watch.last->failure = watch.start.failure;
	watch.last->is_complete = true;
	if (watch.terminal.modes)
		await_supervisor(&watch);
}
