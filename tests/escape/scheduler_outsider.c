/*
 * Makes a process of the same uid outside run only when nothing else does, by
 * any of three calls.
 * Stopped by: seccomp, EPERM (another pid).  Later: a pid namespace.
 */
#include <sched.h>
#include <stdint.h>

#include "attempt.h"

int main(int argc, char **argv)
{
	pid_t pid = (pid_t)number_of(argc, argv, 1);
	struct sched_param param = {0};
	struct {
		uint32_t size, policy;
		uint64_t flags;
		int32_t nice;
		uint32_t priority;
		uint64_t runtime, deadline, period;
	} attr = {.size = sizeof(attr), .policy = SCHED_BATCH};

	if (syscall(SYS_sched_setattr, pid, &attr, 0) == 0)
		escaped("sched_setattr");
	if (syscall(SYS_sched_setparam, pid, &param) == 0)
		escaped("sched_setparam");
	if (syscall(SYS_sched_setscheduler, pid, SCHED_BATCH, &param) == 0)
		escaped("sched_setscheduler");
	refused("sched_setscheduler");
}
