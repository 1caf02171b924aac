/*
 * stopwatch FD COMMAND [ARG...]: how long a command takes from being started to
 * having ended, in nanoseconds, written to a descriptor.  A small program, so
 * that starting another costs as little as it can.  Exits as the command did.
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

int main(int argc, char **argv)
{
	uint64_t started;
	pid_t pid;
	int fd, status;

	if (argc < 3)
		return 125;
	fd = (int)strtol(argv[1], NULL, 10);
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		return 125;
	started = now();
	if (posix_spawnp(&pid, argv[2], NULL, NULL, argv + 2, environ) != 0 ||
	    waitpid(pid, &status, 0) != pid)
		return 125;
	dprintf(fd, "%llu\n", (unsigned long long)(now() - started));
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
