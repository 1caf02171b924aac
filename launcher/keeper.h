#pragma once
/*
 * keeper: the process between the supervisor and the jail.
 *
 *	supervisor  root; terminal, report, exit status
 *	  keeper    root; parent of the program, child subreaper, wall time
 *	    program the jail's user
 *
 * The supervisor sends numbers of signals, a byte each; the keeper answers
 * with notes.  Each sees by end-of-file that the other is gone.  If it is the
 * supervisor, the keeper ends everything below it and itself; if it is the
 * keeper, PR_SET_PDEATHSIG ends the program, and its orphans come to the
 * supervisor, a child subreaper too.  So whichever is killed, nothing stays.
 */
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "err.h"
#include "root_choice.h"
#include "start.h"

struct plan;

enum keeper_event {
	KEEPER_FAILED = 1, /* the program did not start */
	KEEPER_STOPPED, /* it was stopped by a signal */
	KEEPER_ENDED,
};

/* One write; no more than PIPE_BUF. */
struct keeper_note {
	uint32_t event;
	int32_t pid; /* of the program, and its process group */
	int32_t wait_status;
	uint32_t is_timed_out; /* the wall time was over */
	uint64_t n_orphans; /* ended after the program did */
	uint64_t nanoseconds; /* from before it started until it ended */
	struct rusage program, all;
	struct start_failure failure;
	struct root_choice root;
};

struct keeper {
	pid_t pid;
	int orders_fd, notes_fd;
};

/* Starts the keeper, and it the program. */
int keeper_start(const struct plan *plan, struct keeper *out, struct err *err);
void keeper_order(const struct keeper *keeper, int signal);
