#include "handover.h"

#include <errno.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

bool handover_may_retry(int error)
{
	return error == EAGAIN || error == EINTR || error == ECHILD ||
	       error == ESRCH;
}

bool handover_is_broken_off(int signals_fd)
{
	struct signalfd_siginfo info;

	return read(signals_fd, &info, sizeof(info)) == sizeof(info) &&
	       (info.ssi_signo == SIGHUP || info.ssi_signo == SIGINT ||
		info.ssi_signo == SIGQUIT || info.ssi_signo == SIGTERM);
}
