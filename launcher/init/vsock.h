#pragma once
/*
 * vsock: what the init says to the parent, which is CID 3 to an enclave.
 *
 * Every wait is bounded: a parent that does not answer cannot keep the enclave
 * from failing, or from ending.
 */
#include <stddef.h>

#include "err.h"

/* "Here I am": a byte that comes back.  What nitro-cli waits for. */
int vsock_heartbeat(struct err *err);

/* A line of these words, and the end.  Returns when the parent has closed, too. */
int vsock_tell(unsigned port, const char *words, struct err *err);
