/*
 * Leaves a daemon behind: forked twice, in its own session, deaf to signals.
 * Stopped by: the supervisor; nothing of the jail is left after the program.
 */
#include <signal.h>

#include "attempt.h"

int main(void)
{
	int signal_number;

	if (fork() != 0) {
		usleep(50000);
		escaped("a daemon stays");
	}
	setsid();
	if (fork() != 0)
		_exit(0);
	for (signal_number = 1; signal_number < 64; signal_number++)
		signal(signal_number, SIG_IGN);
	close(0);
	close(1);
	close(2);
	for (;;)
		pause();
}
