/*
 * Signals a process of another uid outside, by descriptor.
 * Stopped by: ids, EPERM; with the same uid by Landlock's scope (6.12).
 */
#include <signal.h>

#include "attempt.h"

int main(int argc, char **argv)
{
	int process = (int)syscall(SYS_pidfd_open, number_of(argc, argv, 1), 0);

	if (process < 0)
		refused("pidfd_open");
	if (syscall(SYS_pidfd_send_signal, process, SIGURG, NULL, 0) < 0)
		refused("pidfd_send_signal");
	escaped("signalled");
}
