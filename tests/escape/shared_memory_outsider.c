/*
 * Attaches shared memory of a process of the same uid outside.
 * Stopped by: nothing without an own uid for each run or an ipc namespace,
 * which come later.  Memory of other uids: by ids, EACCES.
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
