#pragma once
/*
 * culprit: the process that made a refused call: what it is called, and its
 * end, if it has to die.  No allocation: it is the keeper that looks.
 */
#include <sys/types.h>

struct culprit {
	pid_t number; /* of the thread, as the keeper sees it */
	pid_t process; /* that it is of; means something with a pidfd */
	int pidfd; /* of its process; -1: it cannot be had */
	int signal; /* what would end it: SIGSYS or, if that is kept off, SIGKILL */
	char comm[16]; /* empty: not known */
};

/*
 * While the call is held; proc_fd: the host's /proc, or -1.  Before what was
 * found is used the caller makes sure that the call is still held: then it was
 * no other process.
 */
void culprit_look(struct culprit *culprit, pid_t number, int proc_fd);
void culprit_leave(struct culprit *culprit);

enum culprit_end {
	CULPRIT_LIVES, /* no signal could be sent to it */
	CULPRIT_BY_SIGSYS,
	CULPRIT_BY_SIGKILL,
};

/*
 * Ends the process.  let_go is called when SIGSYS is pending, to let the call
 * return into it, refused.
 */
enum culprit_end culprit_kill(const struct culprit *culprit,
			      void (*let_go)(void *data), void *data);
