/*
 * Uses more memory, in processes that are small, than --limit memory=24M allows
 * to all of them together.
 * Stopped by: cgroup, the kernel kills one of them.
 */
#include <signal.h>
#include <sys/wait.h>

#include "attempt.h"

#define MANY 8
#define EACH (8 << 20)

static void hold(int ready_fd)
{
	static char memory[EACH];
	volatile char *at;

	for (at = memory; at < memory + EACH; at += 4096)
		*at = 1;
	if (write(ready_fd, "", 1) != 1)
		_exit(1);
	close(ready_fd);
	for (;;)
		pause();
}

int main(void)
{
	pid_t children[MANY];
	int n, status, held = 0, ready[2];
	char byte;

	if (pipe(ready) < 0)
		cannot("pipe");
	for (n = 0; n < MANY; n++) {
		children[n] = fork();
		if (children[n] == 0)
			hold(ready[1]);
		if (children[n] < 0)
			refused("fork");
	}
	close(ready[1]);
	while (held < MANY && read(ready[0], &byte, 1) == 1)
		held++;
	/* Also one that held it may have been killed, for another. */
	while (n-- > 0) {
		kill(children[n], SIGTERM);
		if (waitpid(children[n], &status, 0) < 0 ||
		    WTERMSIG(status) != SIGTERM)
			held--;
	}
	if (held < MANY)
		stopped("a process was killed");
	escaped("%d processes hold %d MiB", held, held * EACH >> 20);
}
