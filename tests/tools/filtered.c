/*
 * filtered: a program under a seccomp policy and nothing else.
 *
 *	filtered [OPTIONS] PROGRAM [ARG...]
 *	filtered [OPTIONS] --time N		microseconds that loading takes
 *
 * Options are those of policy_options.h.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tools/policy_options.h"

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

/* In a child, as a process cannot lose a filter; the time comes by the pipe. */
static double time_once(const struct sock_fprog *program)
{
	double took = 0;
	int ends[2];
	pid_t child;

	if (pipe(ends) < 0)
		die(1, "pipe", strerror(errno));
	child = fork();
	if (child < 0)
		die(1, "fork", strerror(errno));
	if (child == 0) {
		double start = now();

		install_filter(program);
		took = now() - start;
		_exit(write(ends[1], &took, sizeof(took)) != sizeof(took));
	}
	close(ends[1]);
	if (read(ends[0], &took, sizeof(took)) != sizeof(took))
		die(1, "child", "did not report");
	close(ends[0]);
	waitpid(child, NULL, 0);
	return took;
}

static int compare(const void *a, const void *b)
{
	double one = *(const double *)a, other = *(const double *)b;

	return one < other ? -1 : one > other;
}

static void time_loading(const struct sock_fprog *program, size_t n)
{
	double *times = calloc(n, sizeof(*times));

	if (!times)
		die(1, "calloc", strerror(errno));
	for (size_t i = 0; i < n; i++)
		times[i] = time_once(program);
	qsort(times, n, sizeof(*times), compare);
	printf("%u instructions, loaded in %.1f us (least), %.1f us (median)\n",
	       program->len, times[0], times[n / 2]);
	free(times);
}

int main(int argc, char **argv)
{
	struct policy_options options = policy_options_parse(argc, argv);
	struct sock_fprog program = policy_options_filter(&options);

	if (options.time > 0) {
		time_loading(&program, options.time);
		return 0;
	}
	if (!argv[options.first])
		die(2, "filtered", "which program?");
	install_filter(&program);
	execvp(argv[options.first], argv + options.first);
	die(127, argv[options.first], strerror(errno));
}
