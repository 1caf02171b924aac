#include "close_fds.h"

#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fd_bound.h"

/* Up to, but without, end.  *bound, once it is needed: fd_bound(); before, 0. */
static void close_range_of(unsigned first, unsigned end, unsigned *bound)
{
	if (first >= end || syscall(SYS_close_range, first, end - 1, 0) == 0)
		return;
	if (*bound == 0)
		*bound = (unsigned)fd_bound();
	for (; first < end && first < *bound; first++)
		close((int)first);
}

static void sort(int *fds, size_t n)
{
	size_t i, k;

	for (i = 1; i < n; i++)
		for (k = i; k > 0 && fds[k - 1] > fds[k]; k--) {
			int fd = fds[k];

			fds[k] = fds[k - 1];
			fds[k - 1] = fd;
		}
}

void close_fds_but(int first, int *kept, size_t n)
{
	unsigned at = (unsigned)first, bound = 0;
	size_t i;

	sort(kept, n);
	for (i = 0; i < n; i++) {
		if (kept[i] < first)
			continue;
		close_range_of(at, (unsigned)kept[i], &bound);
		at = (unsigned)kept[i] + 1;
	}
	close_range_of(at, ~0u, &bound);
}
