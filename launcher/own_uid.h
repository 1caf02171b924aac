#pragma once
/*
 * own_uid: a uid that one running jail has for itself: --uid-pool FIRST-LAST.
 *
 * Each uid that is in use has a file in /run/jailwright/uids (where /run does
 * not exist: /var/lib/jailwright/uids), locked by the supervisor and the keeper
 * of its jail.  The lock dies with both.  Who takes the uid from a file that
 * was left ends what still runs as that uid and removes its IPC objects first.
 * A uid that has processes and no such file belongs to somebody else: it is
 * passed over.
 */
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "cleanup.h"
#include "err.h"
#include "ipc_sweep.h"
#include "uid_range.h"

enum own_uid_fd {
	UID_LOCK,
	UID_LOCKS, /* the directory that it is in */
	UID_LOCK_FDS,
	UID_FDS = UID_LOCK_FDS + IPC_FDS, /* of all */
};

struct own_uid {
	uid_t uid;
	struct uid_range range;
	int fds[UID_LOCK_FDS]; /* -1: none */
	struct ipc_places ipc;
	bool is_unclean; /* IPC objects are left: who has it next removes them */
};

/*
 * Takes a free uid.  Only root can, and none that means somebody on the
 * host (host_uids.h).  root_fd: a directory that the jail gets as its root, or -1.
 */
int own_uid_take(const struct uid_range *range, int root_fd,
		 struct own_uid **out, struct err *err);

/*
 * The rest does nothing with NULL, and does not allocate.  Ends all processes
 * of the uid in one stroke.  Whose children they are has to reap them.
 */
void own_uid_kill(const struct own_uid *own);

/* Once no process of it is left: removes its IPC objects. */
void own_uid_sweep(struct own_uid *own, struct ipc_swept *swept);

/* Removes the file, once both is done; not from a uid that is unclean. */
void own_uid_forget(const struct own_uid *own);

/* Those that the keeper must not close; UID_FDS at most.  Their number. */
size_t own_uid_fds(const struct own_uid *own, int *out);

/* Forgets and closes. */
void own_uid_free(struct own_uid *own);
DEFINE_AUTO(own_uid)
