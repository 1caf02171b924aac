/*
 * Attaches shared memory of a process of the same uid outside.
 * Stopped by: an ipc namespace, EINVAL; or by ids, EACCES, where the run has a
 * uid of its own.
 */
#include <sys/ipc.h>
#include <sys/shm.h>

#include "attempt.h"

int main(int argc, char **argv)
{
	const void *at = shmat((int)number_of(argc, argv, 1), NULL, 0);

	if ((intptr_t)at == -1)
		refused("shmat");
	escaped("attached it");
}
