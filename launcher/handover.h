#pragma once
/*
 * handover: what they have in common who hand on what a jail writes (output.h)
 * and what passes between two terminals (relay.h).
 */
#include <stdbool.h>

/*
 * After a call that failed with this errno: it may be made again.  The keeper
 * may share our errno, so what only its calls fail with is none of ours.
 */
bool handover_may_retry(int error);

/* Somebody wants us to end: what is left is not waited for. */
bool handover_is_broken_off(int signals_fd);
