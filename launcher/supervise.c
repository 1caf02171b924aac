#include "supervise.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cleanup.h"
#include "descendants.h"
#include "diagnose.h"
#include "fdio.h"
#include "handover.h"
#include "keeper.h"
#include "layer.h"
#include "output.h"
#include "plan.h"
#include "relay.h"
#include "spec.h"
#include "syscall_guard.h"

/* Milliseconds for what is left of the output, if an end was asked for. */
#define HURRIED_PATIENCE 1000

/* What is handed on.  SIGTSTP and its like stop the jail, and so us. */
static const int forwarded[] = {
	SIGHUP,	 SIGINT,  SIGQUIT,  SIGTERM, SIGUSR1, SIGUSR2,
	SIGALRM, SIGCONT, SIGWINCH, SIGTSTP, SIGTTIN, SIGTTOU,
};

struct watch {
	const struct plan *plan;
	struct caller *caller;
	struct terminal *terminal;
	struct events *events; /* or NULL */
	struct keeper keeper;
	int signals_fd;
	sigset_t handed_on;
	bool is_hang_up_told;
	bool is_stopped; /* the jail is */
};

static int open_signals(struct err *err)
{
	sigset_t set;
	size_t i;
	int fd;

	/* All that is not forwarded waits: nothing may end us by accident. */
	sigfillset(&set);
	if (sigprocmask(SIG_SETMASK, &set, NULL) < 0)
		return err_sys(err, errno, "block signals");
	sigemptyset(&set);
	for (i = 0; i < sizeof(forwarded) / sizeof(*forwarded); i++)
		sigaddset(&set, forwarded[i]);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? err_sys(err, errno, "watch signals") : fd;
}

static void tell_foreground(struct watch *watch, enum terminal_order order)
{
	keeper_order(&watch->keeper, KEEPER_TERMINAL + (int)order);
}

static void go_on(struct watch *watch)
{
	if (terminal_is_own(watch->terminal))
		tell_foreground(watch, relay_look(watch->terminal)
					       ? TERMINAL_WHO_HAD_IT
					       : TERMINAL_NOBODY);
	else if (watch->is_stopped)
		caller_lend_terminal(watch->caller,
				     keeper_program(&watch->keeper));
	if (watch->is_stopped)
		events_continued(watch->events);
	watch->is_stopped = false;
	keeper_order(&watch->keeper, SIGCONT);
}

/*
 * The kernel tells only the leader of the session, the keeper; a shell tells
 * its jobs, and so do we.
 */
static void tell_hang_up(struct watch *watch)
{
	if (!watch->terminal->has_hung_up || watch->is_hang_up_told)
		return;
	watch->is_hang_up_told = true;
	keeper_order(&watch->keeper, SIGHUP);
	keeper_order(&watch->keeper, SIGCONT);
}

static void hand_on(struct watch *watch, int signal)
{
	sigaddset(&watch->handed_on, signal);
	keeper_order(&watch->keeper, signal);
}

/*
 * No program has had them: they wait, blocked, for another attempt.  Those that
 * stop were for this moment alone.
 */
static void keep_signals(const struct watch *watch)
{
	size_t i;

	for (i = 0; i < sizeof(forwarded) / sizeof(*forwarded); i++)
		if (sigismember(&watch->handed_on, forwarded[i]) == 1)
			kill(getpid(), forwarded[i]);
}

static void forward_signal(struct watch *watch)
{
	struct signalfd_siginfo info;
	int signal;

	if (read(watch->signals_fd, &info, sizeof(info)) != sizeof(info))
		return;
	signal = (int)info.ssi_signo;
	/*
	 * In a session of its own the jail's group is an orphaned one, which
	 * the kernel does not let SIGTSTP stop.
	 */
	if (signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU)
		signal = SIGSTOP;
	if (signal != SIGCONT && signal != SIGWINCH)
		events_forwarded(watch->events, signal);
	if (signal == SIGCONT)
		go_on(watch);
	else if (signal != SIGWINCH || !relay_resize(watch->terminal))
		hand_on(watch, signal);
}

static bool has_hung_up(int fd)
{
	struct pollfd end = {fd, 0, 0};

	return poll(&end, 1, 0) > 0;
}

/* While we are stopped, what the keeper tells would continue us. */
static void be_quiet(const struct watch *watch, uint32_t is_quiet)
{
	const struct syscall_guard *guard = plan_guard(watch->plan);

	if (guard && guard->listener.log)
		__atomic_store_n(&guard->listener.log->is_quiet, is_quiet,
				 __ATOMIC_RELEASE);
}

/*
 * The jail was stopped: so are we, and our caller sees it.  Whatever comes from
 * the keeper, or its end, continues us: it may be in another pid namespace, and
 * could not send us a signal.
 */
static void stop_along(struct watch *watch, int signal)
{
	const int fd = watch->keeper.notes_fd;
	bool goes_on = false;

	events_stopped(watch->events, signal);
	be_quiet(watch, 1);
	caller_give_back(watch->caller);
	watch->is_stopped = true;
	fcntl(fd, F_SETOWN, getpid());
	fcntl(fd, F_SETSIG, SIGCONT);
	fcntl(fd, F_SETFL, O_ASYNC);
	if (!has_hung_up(fd)) {
		if (terminal_is_own(watch->terminal))
			goes_on = relay_stop(watch->terminal, signal);
		else
			kill(getpid(), SIGSTOP);
	}
	fcntl(fd, F_SETFL, 0);
	be_quiet(watch, 0);
	events_refused(watch->events, watch->plan);
	if (!goes_on)
		return;
	if (signal == SIGTTIN || signal == SIGTTOU)
		tell_foreground(watch, TERMINAL_PROGRAM);
	go_on(watch);
}

static void note_start(struct watch *watch)
{
	relay_program_started(watch->terminal);
	if (watch->events)
		events_started(watch->events, keeper_program(&watch->keeper));
}

/* Returns when the keeper is ending. */
static void await_end(struct watch *watch)
{
	struct output *output = watch->plan->spec->output;
	struct terminal *terminal = watch->terminal;
	struct pollfd fds[2 + OUTPUT_FDS + RELAY_FDS] = {
		{watch->keeper.notes_fd, POLLIN, 0},
		{watch->signals_fd, POLLIN, 0}};
	struct pollfd *relayed = fds + 2 + OUTPUT_FDS;
	unsigned char note;
	ssize_t n;

	for (;;) {
		output_wants(output, fds + 2);
		relay_wants(terminal, relayed);
		if (poll(fds, sizeof(fds) / sizeof(*fds),
			 relay_timeout(terminal)) < 0)
			continue; /* out of memory, maybe: it may go again */
		if (relay_move(terminal, relayed))
			tell_foreground(watch, TERMINAL_WHO_HAD_IT);
		tell_hang_up(watch);
		if (!output_move(output, fds + 2))
			keeper_order(&watch->keeper, KEEPER_END);
		if (fds[1].revents)
			forward_signal(watch);
		if (!fds[0].revents)
			continue;
		n = fd_read_full(watch->keeper.notes_fd, &note, 1);
		if (n < 0)
			continue; /* it is still to be read */
		if (n == 0 || note == 0)
			return;
		if (note == KEEPER_STARTED)
			note_start(watch);
		else if (note == KEEPER_REFUSED)
			events_refused(watch->events, watch->plan);
		else
			stop_along(watch, note);
	}
}

static bool is_over_cpu_time(const struct jail_spec *spec,
			     const struct keeper_last *last)
{
	const struct jail_limit *limit = &spec->limits[LIMIT_CPU_TIME];
	const struct rusage *use = &last->program;
	int signal = WTERMSIG(last->wait_status);
	uint64_t spent =
		(uint64_t)(use->ru_utime.tv_sec + use->ru_stime.tv_sec) * 1000 +
		(uint64_t)(use->ru_utime.tv_usec + use->ru_stime.tv_usec) /
			1000;

	if (!limit->is_set || limit->value == LIMIT_UNLIMITED)
		return false;
	return signal == SIGXCPU ||
	       (signal == SIGKILL && spent + 50 >= limit->value);
}

/* Which limit ended the program, by the signal that did; N_LIMITS: none. */
static enum limit ending_limit(const struct jail_spec *spec,
			       const struct keeper_last *last)
{
	int signal = WTERMSIG(last->wait_status);

	if (last->ended_by != N_LIMITS)
		return last->ended_by;
	if (is_over_cpu_time(spec, last))
		return LIMIT_CPU_TIME;
	if (signal == SIGXFSZ && spec->limits[LIMIT_FSIZE].is_set)
		return LIMIT_FSIZE;
	if (signal == SIGKILL && last->use.oom_kills != UINT64_MAX &&
	    last->use.oom_kills > 0)
		return LIMIT_MEMORY;
	return N_LIMITS;
}

static void read_last(const struct jail_spec *spec,
		      const struct keeper_last *last, struct outcome *outcome)
{
	outcome->has_run = true;
	outcome->n_orphans = last->n_orphans;
	outcome->nanoseconds = last->nanoseconds;
	outcome->program = last->program;
	outcome->all = last->all;
	outcome->use = last->use;
	outcome->is_full = last->is_full;
	outcome->limit = N_LIMITS;
	if (WIFEXITED(last->wait_status)) {
		outcome->kind = OUTCOME_EXITED;
		outcome->status = WEXITSTATUS(last->wait_status);
		return;
	}
	outcome->kind = OUTCOME_SIGNALED;
	outcome->signal = WTERMSIG(last->wait_status);
	outcome->limit = ending_limit(spec, last);
	if (outcome->limit == LIMIT_WALL_TIME ||
	    outcome->limit == LIMIT_CPU_TIME)
		outcome->kind = OUTCOME_TIME_LIMIT;
}

/* What this attempt shows that cannot be had here. */
static void learn_lacks(const struct plan *plan,
			const struct start_failure *failure,
			struct namespace_lacks *out)
{
	if (failure->stage == START_LAYER &&
	    plan->rows[failure->index].layer == &layer_namespaces &&
	    failure->step < N_NAMESPACES &&
	    namespace_is_lacking(failure->error))
		out->error[failure->step] = failure->error;
}

static int fail_start(const struct plan *plan,
		      const struct start_failure *failure,
		      struct outcome *outcome, struct err *err)
{
	const struct jail_spec *spec = plan->spec;

	if (failure->stage != START_EXEC) {
		outcome->kind = OUTCOME_FAILED;
		learn_lacks(plan, failure, &outcome->lacks);
		return start_describe(plan, failure, err);
	}
	outcome->kind = diagnose_exec(spec, failure->index, failure->error, err)
				? OUTCOME_NOT_FOUND
				: OUTCOME_NOT_EXECUTABLE;
	return -1;
}

/* The keeper is gone: what it had below it is ours now. */
static void kill_orphans(struct own_uid *own_uid, struct ipc_swept *swept)
{
	auto_close int proc_fd = descendants_look();

	own_uid_kill(own_uid);
	descendants_kill(proc_fd);
	own_uid_sweep(own_uid, swept);
}

/*
 * What was cut off is no success, also if the program ended before we could end
 * it.
 */
static int look_at_output(const struct watch *watch, struct outcome *outcome,
			  struct err *err)
{
	const struct output *output = watch->plan->spec->output;

	if (output_check(output, err) < 0 ||
	    relay_check(watch->terminal, err) < 0) {
		outcome->kind = OUTCOME_FAILED;
		return -1;
	}
	if (output_is_over(output)) {
		outcome->kind = OUTCOME_SIGNALED;
		outcome->signal = SIGKILL;
		outcome->limit = LIMIT_OUTPUT;
	}
	return 0;
}

/*
 * A program that ended by the signal that we handed on was to end, and nobody
 * may be there who takes its output.  Else that may just be slow.
 */
static struct handover last_handover(const struct watch *watch)
{
	const struct keeper_last *last = &watch->keeper.last;
	int signal = WTERMSIG(last->wait_status);
	bool is_asked_for = last->is_complete &&
			    WIFSIGNALED(last->wait_status) &&
			    handover_is_ended_by(signal) &&
			    sigismember(&watch->handed_on, signal) == 1;

	return (struct handover){watch->signals_fd,
				 is_asked_for ? HURRIED_PATIENCE : -1};
}

static void await_keeper(const struct watch *watch)
{
	while (waitpid(watch->keeper.pid, NULL, 0) < 0 && errno == EINTR)
		continue;
}

/* With a terminal of the jail's own, the keeper stays until it is given back. */
static void end_terminal(const struct watch *watch,
			 const struct handover *handover)
{
	relay_end(watch->terminal, handover);
	if (terminal_is_own(watch->terminal))
		keeper_order(&watch->keeper, KEEPER_END);
	close(watch->keeper.orders_fd);
}

static int end_watch(struct watch *watch, struct outcome *outcome,
		     struct err *err)
{
	const struct keeper_last *last = &watch->keeper.last;
	const struct handover handover = last_handover(watch);

	if (last->is_complete)
		end_terminal(watch, &handover);
	await_keeper(watch);
	outcome->swept = last->swept;
	if (!last->is_complete) {
		cgroup_kill(watch->plan->spec->cgroup);
		kill_orphans(watch->plan->spec->own_uid, &outcome->swept);
		end_terminal(watch, &handover);
	}
	output_end(watch->plan->spec->output, &handover);
	caller_give_back(watch->caller);
	close(watch->keeper.notes_fd);
	close(watch->signals_fd);
	if (!last->is_complete) {
		outcome->kind = OUTCOME_FAILED;
		return err_set(err, ERR_SYSTEM,
			       "the keeper was killed, and the jail with it");
	}
	outcome->root = last->root;
	if (last->failure.stage != START_OK) {
		keep_signals(watch);
		return fail_start(watch->plan, &last->failure, outcome, err);
	}
	read_last(watch->plan->spec, last, outcome);
	return look_at_output(watch, outcome, err);
}

int supervise(const struct plan *plan, struct caller *caller,
	      struct terminal *terminal, struct events *events,
	      struct outcome *outcome, struct err *err)
{
	struct watch watch = {.plan = plan,
			      .caller = caller,
			      .terminal = terminal,
			      .events = events};

	outcome->kind = OUTCOME_FAILED;
	if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
		return err_sys(err, errno, "become a child subreaper");
	sigemptyset(&watch.handed_on);
	watch.signals_fd = open_signals(err);
	if (watch.signals_fd < 0)
		return -1;
	events_prepared(events, plan);
	if (keeper_start(plan, &watch.keeper, err) < 0) {
		close(watch.signals_fd);
		namespaces_learn(plan_clone_flags(plan), false,
				 &outcome->lacks);
		return -1;
	}
	output_start(plan->spec->output);
	relay_start(terminal, plan->spec->output);
	await_end(&watch);
	events_refused(events, plan);
	return end_watch(&watch, outcome, err);
}

int supervise_not(const struct plan *plan, struct outcome *outcome,
		  struct err *err)
{
	struct start_failure failure = {START_OK, 0, 0, 0};

	if (start_enter(plan, &outcome->root, &failure))
		start_program(plan, NULL, &failure);
	return fail_start(plan, &failure, outcome, err);
}
