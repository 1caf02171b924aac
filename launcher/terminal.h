#pragma once
/*
 * terminal: which terminal a jail has.
 *
 * One of its own is a pty.  The supervisor keeps the master and relays
 * (relay.h); the slave takes the place of those of 0-2 that are terminals and
 * controls the keeper's session, in which the jail runs: the caller's terminal
 * is nowhere in the jail.  The keeper leads that session, so that the program's
 * process group is not an orphaned one, which no key could stop.
 *
 * While the caller's terminal is in raw mode, what it was before stands in
 * memory that the keeper shares (keeper.h): whichever is left gives it back.
 */
#include <stdbool.h>
#include <sys/types.h>
#include <termios.h>

#include "err.h"

struct caller;
struct relay;

enum terminal_kind {
	TERMINAL_NONE,
	TERMINAL_LENT, /* the caller's own (caller.h) */
	TERMINAL_OWN,
};

/* Modes of the caller's terminal.  is_raw is set last, and cleared first. */
struct terminal_modes {
	bool is_raw;
	struct termios before, raw;
};

struct terminal {
	enum terminal_kind kind;
	char why_not[512]; /* it is no own one */
	/*
	 * The rest: of an own one.  The keeper has its copies of the
	 * descriptors, and these numbers.
	 */
	int master; /* -1: closed */
	int slave;
	int input, output; /* of the caller; may be one description */
	bool has_keys, has_screen; /* input, output is a terminal */
	bool has_hung_up; /* the caller's, or what is instead of it */
	bool in_foreground; /* of the caller's terminal, or it has none */
	bool replaces[3];
	struct relay *relay; /* whose modes the keeper looks at, too */
};

/* mode: auto (or NULL), yes or no.  What is not to be had is decided here. */
int terminal_open(const char *mode, bool in_place, const struct caller *caller,
		  struct terminal *out, struct err *err);

/* For another try, after one whose jail had it. */
int terminal_open_again(struct terminal *terminal, struct err *err);

static inline bool terminal_is_own(const struct terminal *terminal)
{
	return terminal && terminal->kind == TERMINAL_OWN;
}

/* As grantpt() would, were it called by the jail's user. */
int terminal_give_to(const struct terminal *terminal, uid_t uid, gid_t gid);

/*
 * In the process that will start the program: a session, which the slave
 * controls, and its place on 0-2.  0, or -errno and *step says of what.
 */
enum terminal_step { TERMINAL_SESSION, TERMINAL_CONTROL, TERMINAL_STREAMS };
int terminal_enter(const struct terminal *terminal, enum terminal_step *step);

/* In words, and for the report: "pty", "lent" or "none". */
const char *terminal_name(const struct terminal *terminal);

/* What the keeper holds of an own terminal. */
struct terminal_hold {
	struct terminal_modes *modes; /* NULL: there is no own one */
	int slave, callers;
	pid_t group; /* the jail's, which had the foreground; 0: never moved */
};

struct terminal_hold terminal_hold(const struct terminal *terminal);

/*
 * Who in the jail has its terminal's foreground: nobody while we are in the
 * background of the caller's, then who had it before; or the program, which
 * was stopped because it had not.
 */
enum terminal_order { TERMINAL_NOBODY, TERMINAL_WHO_HAD_IT, TERMINAL_PROGRAM };
void terminal_move(struct terminal_hold *hold, enum terminal_order order,
		   pid_t program);

/* Nobody else is left to do it: the caller's terminal is as it was. */
void terminal_give_back(const struct terminal_hold *hold);
