/*
 * Counts events of the kernel, a rich source of bugs and of side channels.
 * Stopped by: seccomp, EPERM.
 */
#include <linux/perf_event.h>

#include "attempt.h"

int main(void)
{
	struct perf_event_attr attr = {.type = PERF_TYPE_SOFTWARE,
				       .size = sizeof(attr),
				       .config = PERF_COUNT_SW_TASK_CLOCK,
				       .exclude_kernel = 1,
				       .exclude_hv = 1};

	if (syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0) < 0)
		refused("perf_event_open");
	escaped("counts");
}
