#pragma once
/*
 * caller: the state that we were started in.  The caller is dirty: signals may
 * be ignored or blocked, descriptors 0-2 closed, limits tiny, timers running.
 * caller_take() makes it clean for us and for all that we start, and notes
 * what has to be given back: modes of terminals on 0-2, the foreground group of
 * ours, and the flags of 0-2, which the program shares with the caller.
 */
#include <stdbool.h>
#include <sys/types.h>
#include <termios.h>

#include "err.h"

/* One of descriptors 0-2; the program can change it without owning it. */
struct caller_stream {
	int flags;
	bool is_terminal, is_exclusive;
	struct termios modes;
};

struct caller {
	struct caller_stream streams[3];
	mode_t umask; /* for files that we write for the caller */
	bool has_terminal; /* 0 is the terminal of this session */
	bool is_lent; /* its foreground is the jail's */
	struct termios modes; /* of the terminal, when it was ours */
	struct termios jail_modes; /* when the jail was stopped */
};

int caller_take(struct caller *caller, struct err *err);

/*
 * In the program's process: what we ignore ourselves has its effect again.  One
 * system call.
 */
void caller_signals_of_program(void);

/*
 * The jail does not get these of 0-2: nothing of them is lent, and their modes
 * are another's to give back (relay.h).
 */
void caller_keep_terminals(struct caller *caller, const bool which[3]);

/* For another try, after one whose end gave all back. */
void caller_take_again(struct caller *caller);

/* Terminals and flags are as they were.  May be called repeatedly. */
void caller_give_back(struct caller *caller);

/*
 * The jail was stopped and is continued.  If the terminal's foreground is ours
 * again, it becomes that of the group.
 */
void caller_lend_terminal(struct caller *caller, pid_t group);
