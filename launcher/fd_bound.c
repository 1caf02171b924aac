/*
 * select() does not look beyond the table of descriptors that the kernel keeps
 * for a process, which grows with its highest descriptor: of a number within, it
 * says EBADF unless that is open; of one beyond, nothing.
 */
#include "fd_bound.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* The kernel's own bound (fs.nr_open), where nothing else is said. */
#define MOST_FDS (1 << 20)
#define WORD_BITS ((int)(CHAR_BIT * sizeof(unsigned long)))
/* The least table that there is. */
#define LEAST_TABLE 64

static bool is_beyond_table(int fd)
{
	static unsigned long set[MOST_FDS / WORD_BITS + 1];
	struct timespec at_once = {0};
	long n;

	/* By the call itself: a C library's fd_set ends at 1024. */
	set[fd / WORD_BITS] = 1ul << (fd % WORD_BITS);
	n = syscall(SYS_pselect6, fd + 1, set, NULL, NULL, &at_once, NULL);
	set[fd / WORD_BITS] = 0;
	return n == 0 && fcntl(fd, F_GETFD) < 0 && errno == EBADF;
}

/* A limit may have been lowered since they were opened, but no hard one raised. */
static int limit_of_all(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 &&
	    limit.rlim_max > MOST_FDS && limit.rlim_max < 1ul << 30)
		return (int)limit.rlim_max;
	return MOST_FDS;
}

int fd_bound(void)
{
	int fd;

	for (fd = LEAST_TABLE; fd <= MOST_FDS; fd *= 2)
		if (is_beyond_table(fd))
			return fd;
	return limit_of_all();
}
