#include "held_signals.h"

#include <errno.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "cleanup.h"

/*
 * What is not held: what our own faults raise, what stops and continues us, and
 * what does nothing unless it is caught.
 */
static const int not_held[] = {
	SIGSEGV, SIGBUS,  SIGFPE,  SIGILL,  SIGTRAP,  SIGABRT, SIGSYS,
	SIGTSTP, SIGTTIN, SIGTTOU, SIGCONT, SIGWINCH, SIGCHLD, SIGURG,
};

int held_signals_take(struct held_signals *held, struct err *err)
{
	sigset_t set;
	size_t i;

	sigfillset(&set);
	for (i = 0; i < sizeof(not_held) / sizeof(*not_held); i++)
		sigdelset(&set, not_held[i]);
	held->fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (held->fd < 0)
		return err_sys(err, errno, "watch signals");
	sigprocmask(SIG_BLOCK, &set, &held->before);
	return 0;
}

void held_signals_let_go(struct held_signals *held)
{
	if (held->fd < 0)
		return;
	close(take_fd(&held->fd));
	sigprocmask(SIG_SETMASK, &held->before, NULL);
}
