#include "handover.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

bool handover_may_retry(int error)
{
	return error == EAGAIN || error == EINTR || error == ECHILD ||
	       error == ESRCH;
}

bool handover_is_ended_by(int signal)
{
	return signal == SIGHUP || signal == SIGINT || signal == SIGQUIT ||
	       signal == SIGTERM;
}

static bool is_broken_off(int signals_fd)
{
	struct signalfd_siginfo info;

	return read(signals_fd, &info, sizeof(info)) == sizeof(info) &&
	       handover_is_ended_by((int)info.ssi_signo);
}

bool handover_await(const struct handover *handover, int to)
{
	struct pollfd fds[] = {{to, POLLOUT, 0},
			       {handover->signals_fd, POLLIN, 0}};
	int n;

	for (;;) {
		n = poll(fds, 2, handover->patience);
		if (n == 0)
			return false;
		if (n < 0)
			continue;
		if (fds[1].revents && is_broken_off(handover->signals_fd))
			return false;
		if (fds[0].revents)
			return true;
	}
}
