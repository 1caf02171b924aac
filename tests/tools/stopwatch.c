/*
 * stopwatch FD ROUNDS SEED SEPARATOR COMMAND [ARG...] [SEPARATOR COMMAND...]:
 * how long each command takes from being started to having ended, and the most
 * memory that it had.  Every round runs all of them, in an order of its own; for
 * each a line "INDEX NANOSECONDS KIB" is written to the descriptor.  A small
 * program, so that starting another costs as little as it can, and because what
 * starts a program counts as its memory, too.  Ends with the first command that
 * fails, as that did.
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MOST_COMMANDS 32

struct commands {
	char **argv[MOST_COMMANDS];
	size_t n;
};

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

/* Each separator becomes the end of the command before it. */
static int split(char **words, const char *separator, struct commands *out)
{
	for (; *words; words++) {
		if (strcmp(*words, separator) != 0)
			continue;
		*words = NULL;
		if (out->n == MOST_COMMANDS || !words[1])
			return -1;
		out->argv[out->n++] = words + 1;
	}
	return out->n ? 0 : -1;
}

/* Its status, as a shell has it. */
static int run(char **argv, size_t index, int fd)
{
	struct rusage usage;
	uint64_t started = now(), took;
	int status;
	pid_t pid;

	if (posix_spawnp(&pid, *argv, NULL, NULL, argv, environ) != 0 ||
	    wait4(pid, &status, 0, &usage) != pid)
		return 125;
	took = now() - started;
	dprintf(fd, "%zu %llu %ld\n", index, (unsigned long long)took,
		usage.ru_maxrss);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void shuffle(size_t *order, size_t n, unsigned *seed)
{
	size_t i;

	for (i = n; i > 1; i--) {
		size_t other = (size_t)rand_r(seed) % i, last = order[i - 1];

		order[i - 1] = order[other];
		order[other] = last;
	}
}

int main(int argc, char **argv)
{
	struct commands commands = {.n = 0};
	size_t order[MOST_COMMANDS], i;
	int fd, status = 0;
	unsigned seed;
	long rounds;

	if (argc < 6 || split(argv + 4, argv[4], &commands) < 0)
		return 125;
	fd = (int)strtol(argv[1], NULL, 10);
	rounds = strtol(argv[2], NULL, 10);
	seed = (unsigned)strtoul(argv[3], NULL, 10);
	if (rounds <= 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		return 125;
	for (i = 0; i < commands.n; i++)
		order[i] = i;
	for (; status == 0 && rounds > 0; rounds--) {
		shuffle(order, commands.n, &seed);
		for (i = 0; status == 0 && i < commands.n; i++)
			status = run(commands.argv[order[i]], order[i], fd);
	}
	return status;
}
