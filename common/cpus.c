#include "cpus.h"

#include <sched.h>

unsigned cpus_usable(void)
{
	/* The kernel wants room for all it could have; one set is 1024. */
	cpu_set_t sets[64];

	if (sched_getaffinity(0, sizeof(sets), sets) < 0)
		return 0;
	return (unsigned)CPU_COUNT_S(sizeof(sets), sets);
}
