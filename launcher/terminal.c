#include "terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "caller.h"
#include "cleanup.h"
#include "pty.h"
#include "relay.h"

static const char no_pty_words[] = "a terminal for the jail (/dev/ptmx; --tty "
				   "no does without one)";

/* Of a terminal that nobody looks at. */
static const struct winsize plain_size = {.ws_row = 24, .ws_col = 80};

/* Which of 0-2 are the jail's terminal, and what is relayed to and from. */
struct ends {
	bool replaces[3];
	int input, output;
};

static const struct ends no_terminal = {{true, true, true}, 0, 1};

static int first_terminal(const struct caller *caller, const int order[3])
{
	int i;

	for (i = 0; i < 3; i++)
		if (caller->streams[order[i]].is_terminal)
			return order[i];
	return -1;
}

static struct ends find_ends(const struct caller *caller)
{
	static const int for_input[] = {0, 1, 2}, for_output[] = {1, 2, 0};
	struct ends ends = {.input = first_terminal(caller, for_input),
			    .output = first_terminal(caller, for_output)};
	int i;

	for (i = 0; i < 3; i++)
		ends.replaces[i] = caller->streams[i].is_terminal;
	return ends.input < 0 ? no_terminal : ends;
}

/* auto: NULL, if an own terminal is what serves best. */
static const char *find_reason(const struct caller *caller, bool in_place)
{
	if (in_place)
		return "--exec leaves out the supervisor that would relay";
	if (!caller->streams[0].is_terminal)
		return "standard input is not a terminal";
	if (!caller->streams[1].is_terminal)
		return "standard output is not a terminal";
	if (!caller->has_terminal)
		return "standard input is a terminal of another session";
	return NULL;
}

/*
 * A description of our own does not block, and leaves the caller's flags as
 * they are.  Where it cannot be had the caller's is used as it is.
 */
static int open_again(int fd)
{
	const int flags = O_RDWR | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	char path[32];
	int own;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	own = open(path, flags);
	if (own < 0 && tcgetpgrp(fd) >= 0) /* it is our session's */
		own = open("/dev/tty", flags);
	return own < 0 ? fcntl(fd, F_DUPFD_CLOEXEC, 3) : own;
}

static bool can(int fd, int access)
{
	int flags = fcntl(fd, F_GETFL) & O_ACCMODE;

	return flags == O_RDWR || flags == access;
}

static int open_end(const struct caller *caller, int fd, int access,
		    bool *is_terminal, int *out, struct err *err)
{
	*is_terminal = caller->streams[fd].is_terminal;
	*out = *is_terminal ? open_again(fd) : fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (*out < 0)
		return err_sys(err, errno, "descriptor %d", fd);
	if (!can(*out, access))
		return err_set(err, ERR_USAGE,
			       "descriptor %d is not open for %s, and the "
			       "jail's terminal needs it so",
			       fd, access == O_RDONLY ? "reading" : "writing");
	return 0;
}

/* As the caller's terminal is now, so that nothing looks different. */
static void copy_settings(const struct terminal *terminal)
{
	struct winsize size = plain_size;
	struct termios modes;

	if (terminal->has_screen)
		ioctl(terminal->output, TIOCGWINSZ, &size);
	ioctl(terminal->master, TIOCSWINSZ, &size);
	if (terminal->has_keys && tcgetattr(terminal->input, &modes) == 0)
		tcsetattr(terminal->slave, TCSANOW, &modes);
}

static void close_if_open(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void close_all(struct terminal *terminal)
{
	close_if_open(&terminal->master);
	close_if_open(&terminal->slave);
	close_if_open(&terminal->input);
	close_if_open(&terminal->output);
}

/*
 * No pty in this place, or none that may be used, or a stream that is open for
 * the other way alone: auto does without.
 */
static bool can_do_without(const struct err *err)
{
	int error = err->sys;

	return err->kind == ERR_USAGE || error == ENOENT || error == ENODEV ||
	       error == ENXIO || error == EACCES || error == EPERM ||
	       error == ENOTTY || error == EINVAL || error == ENOSYS ||
	       error == EIO || error == EROFS;
}

static int open_own(const struct caller *caller, struct terminal *terminal,
		    struct err *err)
{
	struct ends ends = find_ends(caller);
	int error;

	memcpy(terminal->replaces, ends.replaces, sizeof(ends.replaces));
	if (open_end(caller, ends.input, O_RDONLY, &terminal->has_keys,
		     &terminal->input, err) < 0 ||
	    open_end(caller, ends.output, O_WRONLY, &terminal->has_screen,
		     &terminal->output, err) < 0)
		return -1;
	error = pty_open(&terminal->master, &terminal->slave);
	if (error < 0)
		return err_sys_kind(err, ERR_HOST, -error, "%s", no_pty_words);
	terminal->relay = calloc(1, sizeof(*terminal->relay));
	if (!terminal->relay)
		return err_sys(err, ENOMEM, "a terminal for the jail");
	copy_settings(terminal);
	terminal->kind = TERMINAL_OWN;
	terminal->in_foreground = relay_has_foreground(terminal);
	return 0;
}

int terminal_open_again(struct terminal *terminal, struct err *err)
{
	int error;

	if (terminal->kind != TERMINAL_OWN || terminal->master >= 0)
		return 0;
	error = pty_open(&terminal->master, &terminal->slave);
	if (error < 0)
		return err_sys_kind(err, ERR_HOST, -error, "%s", no_pty_words);
	*terminal->relay = (struct relay){0};
	terminal->has_hung_up = false;
	copy_settings(terminal);
	return 0;
}

/* The caller's, as far as he has one. */
static int open_none(const struct caller *caller, struct terminal *terminal,
		     const char *why)
{
	memset(terminal->replaces, 0, sizeof(terminal->replaces));
	terminal->kind = caller->has_terminal ? TERMINAL_LENT : TERMINAL_NONE;
	terminal->in_foreground = caller->is_lent;
	snprintf(terminal->why_not, sizeof(terminal->why_not), "%s", why);
	return 0;
}

int terminal_open(const char *mode, bool in_place, const struct caller *caller,
		  struct terminal *out, struct err *err)
{
	bool must = mode && strcmp(mode, "yes") == 0;
	const char *reason = find_reason(caller, in_place);

	*out = (struct terminal){
		.master = -1, .slave = -1, .input = -1, .output = -1};
	if (mode && strcmp(mode, "no") == 0)
		return open_none(caller, out, "--tty no");
	if (!must && mode && strcmp(mode, "auto") != 0)
		return err_set(err, ERR_USAGE,
			       "--tty \"%s\": it is auto, yes or no", mode);
	if (must && in_place)
		return err_set(err, ERR_USAGE,
			       "--tty yes needs the supervisor that --exec "
			       "leaves out");
	if (!must && reason)
		return open_none(caller, out, reason);
	if (open_own(caller, out, err) == 0)
		return 0;
	close_all(out);
	if (must || !can_do_without(err))
		return -1;
	open_none(caller, out, err->msg);
	*err = (struct err){0};
	return 0;
}

/* Not the group tty: nobody else may write there. */
int terminal_give_to(const struct terminal *terminal, uid_t uid, gid_t gid)
{
	if (fchown(terminal->slave, uid, gid) < 0 ||
	    fchmod(terminal->slave, 0600) < 0)
		return -errno;
	return 0;
}

int terminal_enter(const struct terminal *terminal, enum terminal_step *step)
{
	int i;

	*step = TERMINAL_SESSION;
	if (setsid() < 0)
		return -errno;
	*step = TERMINAL_CONTROL;
	if (ioctl(terminal->slave, TIOCSCTTY, 0) < 0)
		return -errno;
	*step = TERMINAL_STREAMS;
	for (i = 0; i < 3; i++)
		if (terminal->replaces[i] && dup2(terminal->slave, i) < 0)
			return -errno;
	return 0;
}

const char *terminal_name(const struct terminal *terminal)
{
	static const char *const names[] = {"none", "lent", "pty"};

	return names[terminal->kind];
}

struct terminal_hold terminal_hold(const struct terminal *terminal)
{
	if (!terminal_is_own(terminal))
		return (struct terminal_hold){0};
	return (struct terminal_hold){.modes = &terminal->relay->modes,
				      .slave = terminal->slave,
				      .callers = terminal->input};
}

void terminal_move(struct terminal_hold *hold, enum terminal_order order,
		   pid_t program)
{
	pid_t own = getpgrp(), now;

	if (!hold->modes)
		return;
	now = tcgetpgrp(hold->slave);
	if (order == TERMINAL_NOBODY && now != own) {
		hold->group = now;
		tcsetpgrp(hold->slave, own);
	} else if (order == TERMINAL_PROGRAM ||
		   (order == TERMINAL_WHO_HAD_IT && now == own &&
		    (hold->group == 0 ||
		     tcsetpgrp(hold->slave, hold->group) < 0))) {
		tcsetpgrp(hold->slave, getpgid(program));
	}
}

void terminal_give_back(const struct terminal_hold *hold)
{
	if (hold->modes)
		relay_unset_raw(hold->callers, hold->modes, false);
}
