#pragma once
/*
 * ipc_sweep: removes what a uid left that no process holds: System V memory,
 * semaphores and queues, POSIX queues, and files where POSIX memory is kept.
 *
 * Only for a uid that nobody else has (own_uid.h).  In the caller's IPC
 * namespace, and in places that are opened while their names are known.
 */
#include <stdint.h>
#include <sys/types.h>

#include "err.h"

enum ipc_fd {
	IPC_QUEUES, /* the root of an mqueue file system */
	IPC_MEMORY, /* /dev/shm of the host, and of the jail's directory */
	IPC_ROOT_MEMORY,
	IPC_FDS,
};

struct ipc_places {
	int fds[IPC_FDS]; /* -1: none */
	int queues_error; /* errno: why there is no IPC_QUEUES */
};

#define IPC_PLACES_NONE ((struct ipc_places){.fds = {-1, -1, -1}})

/* How many were removed; they are counted up. */
struct ipc_swept {
	uint32_t memory, semaphores, queues; /* System V */
	uint32_t posix_queues, posix_memory;
	/* errno: some System V object may be left; 0: none is. */
	int32_t system_v_error;
};

/* top_fd: the host's root; root_fd: the directory of the jail, or -1. */
int ipc_places_open(int top_fd, int root_fd, struct ipc_places *out,
		    struct err *err);
void ipc_places_close(struct ipc_places *places);

/* What is owned, or was made, by the uid.  No allocation. */
void ipc_sweep(const struct ipc_places *places, uid_t uid,
	       struct ipc_swept *swept);
