#include "relay.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "handover.h"
#include "output.h"

/* A pty holds less; more comes only from somebody outside the jail. */
#define MOST_READS_AT_END 256

/*
 * In the background we look as often whether we are in the foreground: bash
 * sends no signal to a job that it puts there, if that is running.
 */
#define FOREGROUND_MILLISECONDS 300

enum { INPUT, JAIL, OUTPUT };

static bool is_empty(const struct relay_buffer *buffer)
{
	return buffer->start == buffer->end;
}

/* A terminal that is not our session's has no background. */
bool relay_has_foreground(const struct terminal *terminal)
{
	pid_t group = terminal->has_keys ? tcgetpgrp(terminal->input) : -1;

	return group < 0 || group == getpgrp();
}

/* --- the caller's modes ---------------------------------------------------- */

/* The kernel's; the C library's array is longer, and not filled to its end. */
#define N_KEYS (VEOL2 + 1)

static bool are_same(const struct termios *a, const struct termios *b)
{
	return a->c_iflag == b->c_iflag && a->c_oflag == b->c_oflag &&
	       a->c_lflag == b->c_lflag &&
	       memcmp(a->c_cc, b->c_cc, N_KEYS) == 0;
}

static void mark(struct terminal_modes *modes, bool is_raw)
{
	__atomic_store_n(&modes->is_raw, is_raw, __ATOMIC_SEQ_CST);
}

static void set_raw(int fd, struct terminal_modes *modes)
{
	struct termios now, raw;

	if (tcgetattr(fd, &now) < 0 ||
	    (modes->is_raw && are_same(&now, &modes->raw)))
		return;
	raw = now;
	cfmakeraw(&raw);
	raw.c_cflag = now.c_cflag; /* a line's speed and parity stay */
	mark(modes, false);
	modes->before = now;
	modes->raw = raw;
	mark(modes, true);
	tcsetattr(fd, TCSANOW, &raw);
}

/* If somebody else has set it meanwhile, it is his. */
void relay_unset_raw(int fd, struct terminal_modes *modes, bool is_ours)
{
	struct termios now;

	if (!__atomic_load_n(&modes->is_raw, __ATOMIC_SEQ_CST))
		return;
	/* If that fails, the keeper tries it again. */
	if ((is_ours ||
	     (tcgetattr(fd, &now) == 0 && are_same(&now, &modes->raw))) &&
	    tcsetattr(fd, TCSANOW, &modes->before) < 0)
		return;
	mark(modes, false);
}

bool relay_look(struct terminal *terminal)
{
	struct terminal_modes *modes = &terminal->relay->modes;

	terminal->in_foreground = relay_has_foreground(terminal);
	if (!terminal->has_keys || terminal->master < 0)
		return terminal->in_foreground;
	if (terminal->in_foreground)
		set_raw(terminal->input, modes);
	else
		relay_unset_raw(terminal->input, modes, false);
	return terminal->in_foreground;
}

bool relay_resize(const struct terminal *terminal)
{
	struct winsize size;

	if (!terminal_is_own(terminal) || !terminal->has_screen)
		return false;
	/* The kernel tells the jail, if it is another size. */
	if (ioctl(terminal->output, TIOCGWINSZ, &size) == 0)
		ioctl(terminal->master, TIOCSWINSZ, &size);
	return true;
}

void relay_start(struct terminal *terminal, struct output *output)
{
	if (!terminal_is_own(terminal))
		return;
	terminal->relay->output = output;
	close(terminal->slave); /* its number stays: the keeper reads it */
	relay_look(terminal);
	relay_resize(terminal);
}

void relay_program_started(struct terminal *terminal)
{
	if (terminal_is_own(terminal))
		terminal->relay->has_started = true;
}

/* --- bytes ----------------------------------------------------------------- */

/* The jail reads end-of-file from then on. */
static void hang_up(struct terminal *terminal)
{
	struct relay *relay = terminal->relay;

	if (terminal->has_keys)
		relay_unset_raw(terminal->input, &relay->modes, true);
	if (terminal->master >= 0)
		close(terminal->master);
	terminal->master = -1;
	terminal->has_hung_up = true;
	relay->to_jail.start = relay->to_jail.end = 0;
	relay->to_caller.start = relay->to_caller.end = 0;
}

/* End of a file or pipe: as if the key for it had been pressed. */
static void type_end_of_file(struct terminal *terminal)
{
	struct relay *relay = terminal->relay;
	struct relay_buffer *buffer = &relay->to_jail;
	struct termios modes;

	relay->input_ended = true;
	if (tcgetattr(terminal->master, &modes) < 0)
		return;
	/* In a line, the first only ends that. */
	buffer->start = 0;
	buffer->end = relay->in_line ? 2 : 1;
	memset(buffer->data, modes.c_cc[VEOF], buffer->end);
}

static void look_at_keys(struct terminal *terminal)
{
	struct relay *relay = terminal->relay;
	const struct relay_buffer *buffer = &relay->to_jail;
	struct termios modes;

	relay->in_line = buffer->data[buffer->end - 1] != '\n';
	relay->suspend_typed =
		tcgetattr(terminal->master, &modes) == 0 &&
		(modes.c_lflag & ISIG) &&
		memchr(buffer->data, modes.c_cc[VSUSP], buffer->end);
}

static void read_input(struct terminal *terminal)
{
	struct relay_buffer *buffer = &terminal->relay->to_jail;
	ssize_t n = read(terminal->input, buffer->data, sizeof(buffer->data));

	if (n > 0) {
		buffer->start = 0;
		buffer->end = (size_t)n;
		look_at_keys(terminal);
	} else if (!terminal->has_keys) {
		if (n == 0 || !handover_may_retry(errno))
			type_end_of_file(terminal);
	} else if (n < 0 && !handover_may_retry(errno) &&
		   relay_look(terminal)) {
		hang_up(terminal); /* in the background it is not our turn */
	}
}

static void write_to_jail(struct terminal *terminal)
{
	struct relay_buffer *buffer = &terminal->relay->to_jail;
	ssize_t n = write(terminal->master, buffer->data + buffer->start,
			  buffer->end - buffer->start);

	if (n > 0)
		buffer->start += (size_t)n;
	else if (n == 0 || !handover_may_retry(errno))
		buffer->start = buffer->end;
}

static bool read_from_jail(struct terminal *terminal)
{
	struct relay *relay = terminal->relay;
	struct relay_buffer *buffer = &relay->to_caller;
	ssize_t n = read(terminal->master, buffer->data, sizeof(buffer->data));

	if (n <= 0)
		return false;
	buffer->start = 0;
	buffer->end = output_take(relay->output, (size_t)n);
	return true;
}

static void write_to_caller(struct terminal *terminal)
{
	struct relay_buffer *buffer = &terminal->relay->to_caller;
	ssize_t n = write(terminal->output, buffer->data + buffer->start,
			  buffer->end - buffer->start);

	if (n > 0) {
		buffer->start += (size_t)n;
	} else if (n == 0 || !handover_may_retry(errno)) {
		/* These say that nobody is there any more. */
		if (n < 0 && errno != EIO && errno != EPIPE)
			terminal->relay->error = errno;
		hang_up(terminal);
	}
}

/* --- the loop -------------------------------------------------------------- */

static struct pollfd want_input(const struct terminal *terminal)
{
	const struct relay *relay = terminal->relay;
	bool is_wanted = relay->has_started && is_empty(&relay->to_jail) &&
			 terminal->in_foreground && !relay->input_ended;

	/* Of a terminal we want to hear at any time that it is gone. */
	return (struct pollfd){is_wanted || terminal->has_keys ? terminal->input
							       : -1,
			       is_wanted ? POLLIN : 0, 0};
}

void relay_wants(const struct terminal *terminal, struct pollfd fds[RELAY_FDS])
{
	const struct relay *relay = terminal->relay;
	short jail = 0;

	fds[INPUT] = fds[JAIL] = fds[OUTPUT] = (struct pollfd){-1, 0, 0};
	if (!terminal_is_own(terminal) || terminal->master < 0)
		return;
	if (!is_empty(&relay->to_caller))
		fds[OUTPUT] = (struct pollfd){terminal->output, POLLOUT, 0};
	else if (!output_is_over(relay->output))
		jail |= POLLIN;
	if (!is_empty(&relay->to_jail))
		jail |= POLLOUT;
	if (jail)
		fds[JAIL] = (struct pollfd){terminal->master, jail, 0};
	fds[INPUT] = want_input(terminal);
}

int relay_timeout(const struct terminal *terminal)
{
	bool is_watched = terminal_is_own(terminal) && terminal->has_keys &&
			  !terminal->in_foreground && terminal->master >= 0;

	return is_watched ? FOREGROUND_MILLISECONDS : -1;
}

bool relay_move(struct terminal *terminal, const struct pollfd fds[RELAY_FDS])
{
	bool was_in_foreground = terminal->in_foreground;

	if (!terminal_is_own(terminal) || terminal->master < 0)
		return false;
	if (!was_in_foreground)
		relay_look(terminal);
	if (terminal->has_keys && (fds[INPUT].revents & (POLLHUP | POLLERR)))
		hang_up(terminal);
	else if (fds[INPUT].revents)
		read_input(terminal);
	if (terminal->master >= 0 && (fds[JAIL].revents & POLLOUT))
		write_to_jail(terminal);
	if (terminal->master >= 0 && (fds[JAIL].revents & POLLIN))
		read_from_jail(terminal);
	if (terminal->master >= 0 && fds[OUTPUT].revents)
		write_to_caller(terminal);
	return !was_in_foreground && terminal->in_foreground;
}

/* --- being stopped, and the end -------------------------------------------- */

/*
 * False: nobody could continue us (our process group is an orphaned one), and
 * so the kernel did not stop us.
 */
static bool stop_ourselves(pid_t whom, int signal)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, signal);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	kill(whom, signal);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return sigpending(&set) == 0 && sigismember(&set, SIGCONT);
}

/* What the jail wrote before it stopped is seen before we do. */
static void hand_over_what_is_ready(struct terminal *terminal)
{
	struct pollfd fds[RELAY_FDS];
	unsigned rounds;

	for (rounds = 0; rounds < MOST_READS_AT_END; rounds++) {
		relay_wants(terminal, fds);
		fds[INPUT].fd = -1;
		if (poll(fds, RELAY_FDS, 0) <= 0)
			return;
		fds[INPUT].revents = 0;
		relay_move(terminal, fds);
	}
}

/*
 * If the user pressed the key, all of his job is to stop, such as a script that
 * waits for us.  If the program did it, we alone do: it must not be able to
 * stop who watches us.
 */
bool relay_stop(struct terminal *terminal, int signal)
{
	struct relay *relay = terminal->relay;
	pid_t whom = relay->suspend_typed ? 0 : getpid();
	bool is_stopped;

	relay->suspend_typed = false;
	if (relay_look(terminal) && (signal == SIGTTIN || signal == SIGTTOU))
		return true; /* what it wanted, it can have now */
	hand_over_what_is_ready(terminal);
	if (terminal->has_keys)
		relay_unset_raw(terminal->input, &relay->modes,
				terminal->in_foreground);
	is_stopped = stop_ourselves(whom, terminal->in_foreground ? SIGTSTP
								  : SIGTTIN);
	if (!is_stopped && !terminal->in_foreground)
		kill(getpid(), SIGSTOP);
	return !is_stopped && terminal->in_foreground;
}

/* False: nobody waits for it. */
static bool hand_over_rest(struct terminal *terminal,
			   const struct handover *handover)
{
	while (!is_empty(&terminal->relay->to_caller)) {
		if (!handover_await(handover, terminal->output))
			return false;
		write_to_caller(terminal);
	}
	return terminal->master >= 0;
}

/* Who still has the slave is outside the jail, and is not waited for. */
static bool has_more(const struct terminal *terminal)
{
	struct pollfd look = {terminal->master, POLLIN, 0};

	return poll(&look, 1, 0) == 1 && (look.revents & POLLIN);
}

void relay_end(struct terminal *terminal, const struct handover *handover)
{
	unsigned reads = 0;

	if (!terminal_is_own(terminal))
		return;
	while (terminal->master >= 0 && hand_over_rest(terminal, handover) &&
	       reads++ < MOST_READS_AT_END && has_more(terminal) &&
	       read_from_jail(terminal))
		continue;
	if (terminal->has_keys)
		relay_unset_raw(terminal->input, &terminal->relay->modes,
				relay_has_foreground(terminal));
	hang_up(terminal);
}

int relay_check(const struct terminal *terminal, struct err *err)
{
	if (!terminal_is_own(terminal) || !terminal->relay->error)
		return 0;
	return err_sys(err, terminal->relay->error, "the terminal");
}
