#pragma once
/*
 * held_signals: what would end us waits, while there is something that we have
 * to remove first.
 */
#include <signal.h>
#include <stdbool.h>

#include "err.h"

struct held_signals {
	sigset_t before; /* the mask that was found */
	int fd; /* readable once one waits; O_CLOEXEC; owned */
};

/* On failure nothing is held. */
int held_signals_take(struct held_signals *held, struct err *err);

/* If one waits, this is the end of the process. */
void held_signals_let_go(struct held_signals *held);
