/*
 * session: with a terminal the program gets a process group of its own, in the
 * foreground if we were; the session is the keeper's if the terminal is the
 * jail's own, else the caller's.  Without one, a session of its own, which no
 * terminal can become the controlling one of by accident.
 */
#include "../layer.h"

#include <errno.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../spec.h"
#include "../terminal.h"

/* The first three are those of terminal_enter(). */
enum step { STEP_GROUP = TERMINAL_STREAMS + 1, STEP_FOREGROUND, STEP_SESSION };
static const char *const steps[] = {"make a session for the jail's terminal",
				    "take the jail's terminal",
				    "put the jail's terminal on 0-2",
				    "make a process group",
				    "take the terminal's foreground",
				    "make a session",
				    NULL};

static int session_probe(const struct jail_spec *spec, struct err *err)
{
	if (!spec->in_place)
		return 1;
	err_set(err, ERR_NONE,
		"--exec: the program takes our place, in the "
		"caller's session");
	return 0;
}

static int session_prepare(const struct jail_spec *spec, void **state,
			   struct err *err)
{
	const struct jail_user *user = &spec->user;
	int error;

	layer_keep_spec(spec, state, err);
	/* Who is not root is the jail's user, outside. */
	if (!terminal_is_own(spec->terminal) ||
	    namespaces_are_rootless(&spec->namespaces))
		return 0;
	error = terminal_give_to(spec->terminal, user->uid, user->gid);
	if (error < 0)
		return err_sys_kind(err, ERR_HOST, -error,
				    "give the jail's terminal to uid %u (--tty "
				    "no does without one)",
				    (unsigned)user->uid);
	return 0;
}

static int session_enter(void *state, struct root_choice *choice)
{
	const struct jail_spec *spec = state;
	enum terminal_step step;
	int error;

	(void)choice;
	if (!terminal_is_own(spec->terminal))
		return 0;
	error = terminal_enter(spec->terminal, &step);
	return error < 0 ? layer_failed(step, -error) : 0;
}

static int session_apply(const void *state)
{
	const struct jail_spec *spec = state;
	pid_t group = getpid();
	int terminal = terminal_is_own(spec->terminal) ? spec->terminal->slave
						       : STDIN_FILENO;

	if (!spec->has_terminal)
		return setsid() < 0 ? layer_failed(STEP_SESSION, errno) : 0;
	if (setpgid(0, 0) < 0)
		return layer_failed(STEP_GROUP, errno);
	/* SIGTTOU is blocked: we are in the background until this is done. */
	if (spec->has_foreground && ioctl(terminal, TIOCSPGRP, &group) < 0)
		return layer_failed(STEP_FOREGROUND, errno);
	return 0;
}

const struct layer layer_session = {
	.name = "session",
	.denies = "signals to and from the caller's process group",
	.steps = steps,
	.probe = session_probe,
	.prepare = session_prepare,
	.enter = session_enter,
	.apply = session_apply,
};
