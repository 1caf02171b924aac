/*
 * Leaves shared memory behind that no process holds.
 * Stopped by: an ipc namespace, or the supervisor where the run has a uid of its
 * own.  Without either it stays until someone removes it.
 */
#include <sys/ipc.h>
#include <sys/shm.h>

#include "attempt.h"

int main(void)
{
	int id = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600);

	if (id < 0)
		refused("shmget");
	escaped("segment %d stays", id);
}
