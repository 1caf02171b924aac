/*
 * stopwatch FD COMMAND [ARG...]: how long a command takes from being started to
 * having ended, in nanoseconds, and the most memory that it had, in KiB, written
 * to a descriptor.  A small program, so that starting another costs as little as
 * it can, and because what starts a program counts as its memory, too.  Exits as
 * the command did.
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
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
	struct rusage usage;
	uint64_t started, took;
	pid_t pid;
	int fd, status;

	if (argc < 3)
		return 125;
	fd = (int)strtol(argv[1], NULL, 10);
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		return 125;
	started = now();
	if (posix_spawnp(&pid, argv[2], NULL, NULL, argv + 2, environ) != 0 ||
	    wait4(pid, &status, 0, &usage) != pid)
		return 125;
	took = now() - started;
	dprintf(fd, "%llu %ld\n", (unsigned long long)took, usage.ru_maxrss);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
