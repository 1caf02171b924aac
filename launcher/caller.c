#include "caller.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

static const char *const stream_names[] = {"standard input", "standard output",
					   "standard error"};

/* What we need of each limit to work, whatever the caller left of it. */
static const struct {
	int resource;
	rlim_t least;
} floors[] = {
	{RLIMIT_NOFILE, 256},	   {RLIMIT_FSIZE, 1ul << 30},
	{RLIMIT_AS, 256ul << 20},  {RLIMIT_DATA, 256ul << 20},
	{RLIMIT_STACK, 1ul << 20}, {RLIMIT_NPROC, 64},
};

static int open_null(int fd, struct err *err)
{
	/* The lowest free number: 0-2 are looked at in order. */
	int opened = open("/dev/null", O_RDWR);

	if (opened == fd)
		return 0;
	if (opened < 0)
		return err_sys_kind(err, ERR_HOST, errno,
				    "%s is closed, and /dev/null in its place",
				    stream_names[fd]);
	close(opened);
	return err_set(err, ERR_SYSTEM, "%s is closed", stream_names[fd]);
}

/* Through a directory or a disk the program would reach outside the root. */
static int check_stream(int fd, bool *is_device, struct err *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0) {
		if (errno != EBADF)
			return err_sys(err, errno, "%s", stream_names[fd]);
		return open_null(fd, err);
	}
	*is_device = S_ISCHR(st.st_mode);
	if (S_ISDIR(st.st_mode) || S_ISBLK(st.st_mode))
		return err_set(err, ERR_USAGE,
			       "%s is a %s: the program could leave the jail "
			       "by it; redirect it",
			       stream_names[fd],
			       S_ISDIR(st.st_mode) ? "directory"
						   : "block device");
	return 0;
}

/*
 * Ignored signals would stay ignored in the program, and break our waiting.
 * By the system call itself: a C library keeps the signals of its threads (32
 * to 34) from us, but the caller may be linked to another.
 */
static void reset_signals(void)
{
	/* The kernel's struct sigaction with SIG_DFL, on any machine. */
	static const unsigned long plain[8];
	sigset_t none;
	int number;

	for (number = 1; number < NSIG; number++)
		if (number != SIGKILL && number != SIGSTOP)
			syscall(SYS_rt_sigaction, number, plain, NULL, 8);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	/* A file that may not grow is an error with words, not our death. */
	signal(SIGXFSZ, SIG_IGN);
}

void caller_signals_of_program(void)
{
	static const unsigned long plain[8];

	syscall(SYS_rt_sigaction, SIGXFSZ, plain, NULL, 8);
}

static void stop_timers(void)
{
	static const struct itimerval none;

	setitimer(ITIMER_REAL, &none, NULL);
	setitimer(ITIMER_VIRTUAL, &none, NULL);
	setitimer(ITIMER_PROF, &none, NULL);
}

/*
 * As far as we need and the caller's hard limits let us: those are handed on to
 * the program, which must not get more than its caller.
 */
static void raise_limits(void)
{
	size_t i;

	for (i = 0; i < sizeof(floors) / sizeof(*floors); i++) {
		struct rlimit limit;
		rlim_t least = floors[i].least;

		if (getrlimit(floors[i].resource, &limit) < 0 ||
		    limit.rlim_cur >= least)
			continue;
		limit.rlim_cur =
			least < limit.rlim_max ? least : limit.rlim_max;
		setrlimit(floors[i].resource, &limit);
	}
}

static void look_at_stream(struct caller_stream *stream, int fd)
{
	int exclusive = 0;

	stream->flags = fcntl(fd, F_GETFL);
	stream->is_terminal = tcgetattr(fd, &stream->modes) == 0;
	if (stream->is_terminal && ioctl(fd, TIOCGEXCL, &exclusive) == 0)
		stream->is_exclusive = exclusive;
}

static void look_at_terminal(struct caller *caller)
{
	pid_t foreground = tcgetpgrp(STDIN_FILENO);

	/* A terminal of another session is not ours to hand around. */
	if (foreground < 0 || tcgetattr(STDIN_FILENO, &caller->modes) < 0)
		return;
	caller->has_terminal = true;
	/* In the background, the jail starts there too. */
	caller->is_lent = foreground == getpgrp();
	caller->jail_modes = caller->modes;
}

int caller_take(struct caller *caller, struct err *err)
{
	bool is_device = false;
	int fd;

	*caller = (struct caller){0};
	if (check_stream(0, &is_device, err) < 0 ||
	    check_stream(1, &(bool){false}, err) < 0 ||
	    check_stream(2, &(bool){false}, err) < 0)
		return -1;
	stop_timers(); /* before their signals get their effect back */
	reset_signals();
	raise_limits();
	caller->umask = umask(022);
	for (fd = 0; fd < 3; fd++)
		look_at_stream(&caller->streams[fd], fd);
	if (is_device)
		look_at_terminal(caller);
	return 0;
}

void caller_keep_terminals(struct caller *caller, const bool which[3])
{
	int fd;

	caller->has_terminal = caller->is_lent = false;
	for (fd = 0; fd < 3; fd++)
		if (which[fd])
			caller->streams[fd].is_terminal = false;
}

void caller_lend_terminal(struct caller *caller, pid_t group)
{
	if (!caller->has_terminal || caller->is_lent || group <= 0 ||
	    tcgetpgrp(STDIN_FILENO) != getpgrp())
		return;
	tcgetattr(STDIN_FILENO, &caller->modes);
	tcsetattr(STDIN_FILENO, TCSADRAIN, &caller->jail_modes);
	caller->is_lent = tcsetpgrp(STDIN_FILENO, group) == 0;
}

/*
 * A program in another session may do this to a terminal, too: stop its
 * output, which no key starts again, let nobody else open it, change its modes.
 * The modes stay if somebody else is in the terminal's foreground: they are
 * his by now.
 */
static void give_back_stream(const struct caller *caller, int fd)
{
	const struct caller_stream *stream = &caller->streams[fd];
	pid_t foreground;

	if (stream->is_terminal) {
		tcflow(fd, TCOON);
		if (!stream->is_exclusive)
			ioctl(fd, TIOCNXCL);
		foreground = tcgetpgrp(fd);
		if (foreground < 0 ||
		    (!caller->has_terminal && foreground == getpgrp()))
			tcsetattr(fd, TCSANOW, &stream->modes);
	}
	if (stream->flags >= 0 && fcntl(fd, F_GETFL) != stream->flags)
		fcntl(fd, F_SETFL, stream->flags);
}

void caller_take_again(struct caller *caller)
{
	caller->is_lent =
		caller->has_terminal && tcgetpgrp(STDIN_FILENO) == getpgrp();
}

/* SIGTTOU is blocked, so that we may do this from the background. */
void caller_give_back(struct caller *caller)
{
	int fd;

	/* First: setting modes waits for output, which may be stopped. */
	for (fd = 0; fd < 3; fd++)
		give_back_stream(caller, fd);
	if (caller->is_lent) {
		tcgetattr(STDIN_FILENO, &caller->jail_modes);
		tcsetpgrp(STDIN_FILENO, getpgrp());
		tcsetattr(STDIN_FILENO, TCSADRAIN, &caller->modes);
		caller->is_lent = false;
	}
}
