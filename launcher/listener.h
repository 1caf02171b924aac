#pragma once
/*
 * listener: who is asked when the jail makes a call that it may not make.
 *
 *	supervisor  prepares: a filter that asks, made from the plain one
 *	program     loads it, before it is executed; the kernel gives it a
 *		    descriptor, and the keeper, with whom it shares all
 *		    descriptors until then, has it too
 *	keeper      answers: counts the call, and refuses it or ends its caller
 *	supervisor  reads the counts, when the keeper is gone
 *
 * The answer is the plain filter's own, run over the call (filter.h); to let a
 * call be made is none of them.  When the keeper is gone the kernel answers
 * ENOSYS.  Where there can be no listener the plain filter is loaded.
 */
#include <linux/filter.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "refusals.h"

/* What is found out while the program runs; the keeper's. */
struct listener_log {
	int32_t fd; /* of the keeper; -1: none */
	int32_t error; /* errno: why the kernel gave none */
	struct refusals refusals;
	/*
	 * The first few of each kind, one by one, in order; count says which of
	 * its kind it is.  NULL: nobody wants to know.  The keeper adds, and
	 * then counts them in n_told.
	 */
	struct refusal *told;
	uint32_t n_told;
	uint32_t
		is_quiet; /* the supervisor's: it is stopped; notes would wake */
};

struct listener {
	struct sock_fprog plain, asking; /* asking.len 0: none */
	const char *why_no_kills; /* are itemised: the filter kills; or NULL */
	int error; /* errno: why there is none that asks; 0: see wanted */
	bool is_wanted, is_required;
	struct listener_log *log; /* NULL without one that asks */
};

/* Whether there is somebody to answer, and it may be done without. */
enum listener_wish { LISTENER_UNWANTED, LISTENER_WANTED, LISTENER_REQUIRED };

/*
 * plain outlives the listener.  One that is required and that the kernel does
 * not give makes listener_load() fail.
 */
int listener_prepare(struct listener *listener, struct sock_fprog plain,
		     enum listener_wish wish, struct err *err);

/* Refusals are to be told as they are made: room for them. */
int listener_tell(struct listener *listener, struct err *err);
void listener_release(struct listener *listener);

/* In the child, as the last thing before the program: 0 or -errno. */
int listener_load(const struct listener *listener);

/* In the keeper, when the program is executed: what to poll; or -1. */
int listener_take(const struct listener *listener);

enum listener_result {
	LISTENER_GOES_ON,
	LISTENER_FAILED, /* a call can neither be refused nor its caller ended */
};

/*
 * In the keeper, which polled the descriptor: answers one call, if there is
 * one.  proc_fd: the host's /proc, or -1.  No allocation.
 */
enum listener_result listener_serve(const struct listener *listener,
				    const struct pollfd *ready, int proc_fd);

/* Refusals are itemised in this launch, as far as it has come. */
bool listener_is_on(const struct listener *listener);

/* Why they are not, in words; NULL: they are. */
const char *listener_why_not(const struct listener *listener);
