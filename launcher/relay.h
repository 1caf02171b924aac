#pragma once
/*
 * relay: what passes between the caller's terminal and the jail's own one.
 *
 * The caller's is in raw mode while we have its foreground: every key goes to
 * the jail's, whose line discipline makes of it what the jail's program has
 * set.  In the background the modes are the shell's, no key is read, and the
 * jail's terminal is told that it has no foreground.
 *
 * Of each direction there is one small buffer, read only when it is empty: who
 * does not take what comes keeps the other from sending.
 */
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

#include "handover.h"
#include "terminal.h"

struct output;

#define RELAY_FDS 3

struct relay_buffer {
	size_t start, end;
	char data[HANDOVER_MOST];
};

struct relay {
	struct terminal_modes modes;
	struct relay_buffer to_jail, to_caller;
	bool has_started; /* the program; nothing is read for it before */
	bool input_ended; /* of a file or pipe */
	bool suspend_typed; /* the last keys had the jail's suspend key */
	bool in_line; /* what the jail read last did not end a line */
	struct output *output; /* what bounds it; or NULL */
	int error; /* errno of writing to the caller's */
};

/*
 * The keeper has the slave now.  Takes the caller's terminal.  output: what
 * bounds what the jail writes, or NULL.
 */
void relay_start(struct terminal *terminal, struct output *output);

/*
 * The program runs.  What was read before would be lost, were another attempt
 * made.
 */
void relay_program_started(struct terminal *terminal);

/* What to poll() for; all of them are -1 if there is nothing. */
void relay_wants(const struct terminal *terminal, struct pollfd fds[RELAY_FDS]);

/* For how long; -1: for ever. */
int relay_timeout(const struct terminal *terminal);

/* Moves what can be moved.  True: the foreground has become ours meanwhile. */
bool relay_move(struct terminal *terminal, const struct pollfd fds[RELAY_FDS]);

/* The window's size changed.  False: nothing shows it to the jail. */
bool relay_resize(const struct terminal *terminal);

/* Whose is the foreground?  The caller's terminal is set accordingly. */
bool relay_look(struct terminal *terminal);

/*
 * The jail was stopped, by this signal, and so are we, with the caller's
 * terminal as it was.  True: the jail is to go on at once; else SIGCONT will
 * come.
 */
bool relay_stop(struct terminal *terminal, int signal);

/*
 * The jail has ended: hands on what is left of its output, and gives the
 * caller's terminal back.
 */
void relay_end(struct terminal *terminal, const struct handover *handover);

/* Was all of the jail's output written to a terminal that is still there? */
int relay_check(const struct terminal *terminal, struct err *err);

/* For terminal.c. */
bool relay_has_foreground(const struct terminal *terminal);
void relay_unset_raw(int fd, struct terminal_modes *modes, bool is_ours);
