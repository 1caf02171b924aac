#pragma once
/*
 * handover: what they have in common who hand on what a jail writes (output.h)
 * and what passes between two terminals (relay.h).
 */
#include <stdbool.h>

/*
 * Bytes that a pipe or a terminal takes without blocking once poll() has said
 * that it is ready.  A pipe takes PIPE_BUF; a terminal's buffer grows by no
 * more than 1792, and who waits in write() hears no signal.
 */
#define HANDOVER_MOST 1024

/* How what is left at the end is handed on. */
struct handover {
	int signals_fd;
	int patience; /* milliseconds without any being taken; -1: for ever */
};

/*
 * After a call that failed with this errno: it may be made again.  The keeper
 * may share our errno, so what only its calls fail with is none of ours.
 */
bool handover_may_retry(int error);

/*
 * Waits until the descriptor takes something.  False: what is left is not
 * waited for any more, as a signal came or patience has ended.
 */
bool handover_await(const struct handover *handover, int to);

/* Does this signal ask for an end? */
bool handover_is_ended_by(int signal);
