#pragma once
/*
 * keeper: the process between the supervisor and the jail.
 *
 *	supervisor  root; terminal, report, exit status
 *	  keeper    root; parent of the program, child subreaper, wall time
 *	    program the jail's user
 *
 * The supervisor sends numbers of signals; the keeper says when the program
 * stops, and stays after its end until the supervisor has given the caller's
 * terminal back.  Each sees by end-of-file that the other is gone.  If it is the
 * supervisor, the keeper ends everything below it and itself; if it is the
 * keeper, PR_SET_PDEATHSIG ends the program, and its orphans come to the
 * supervisor, a child subreaper too; or, where the keeper is the init of a pid
 * namespace, the kernel ends all of them.  So whichever is killed, nothing
 * stays.
 *
 * The keeper is a process of its own, with descriptors, signals and ids of its
 * own, in the supervisor's memory: it starts in half the time.  So who waits
 * for its end allocates nothing before, as the keeper does until the program
 * starts (errno may come from the other: a failure stays
 * one, its words may differ).  The OOM killer, if it chose one of them, would
 * end both; but the jail's processes come first (oom_score.h).
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "cgroup.h"
#include "err.h"
#include "ipc_sweep.h"
#include "root_choice.h"
#include "start.h"

struct plan;

/* What the keeper leaves behind. */
struct keeper_last {
	bool is_complete; /* set last; false: it was killed */
	enum limit
		ended_by; /* which of those that we enforce; N_LIMITS: none */
	pid_t pid; /* of the program and its group, as the keeper sees them */
	int wait_status;
	uint64_t n_orphans; /* ended after the program did */
	struct ipc_swept swept; /* with a uid of the jail's own */
	uint64_t nanoseconds; /* from before it started until it ended */
	struct rusage program, all;
	struct cgroup_use use;
	bool is_full; /* what it may write was used up at its end */
	struct start_failure failure; /* START_OK: the program was executed */
	struct root_choice root;
};

/* Instead of a signal that stopped the program; only if events are wanted. */
#define KEEPER_STARTED 200
#define KEEPER_REFUSED 201 /* listener_log.told has more */

/* Instead of a signal: the jail is to be ended; at its end, so is the keeper. */
#define KEEPER_END 0

/* And from here on, an enum terminal_order. */
#define KEEPER_TERMINAL 128

struct keeper {
	pid_t pid;
	bool is_init; /* of a pid namespace */
	int orders_fd; /* a byte each: a signal for the program's group, or: */
	int notes_fd; /* a byte each: what stopped the program; 0: it ended */
	struct keeper_last last; /* the keeper's own, until it has ended */
};

/* Starts the keeper, and it the program.  out stays where it is till the end. */
int keeper_start(const struct plan *plan, struct keeper *out, struct err *err);
void keeper_order(const struct keeper *keeper, int signal);

/*
 * The program's number as the supervisor sees it; 0: it has ended, and had
 * another in a pid namespace.
 */
pid_t keeper_program(const struct keeper *keeper);
