#pragma once
/*
 * supervise: from a prepared plan to how the program ended.
 */
#include "caller.h"
#include "events.h"
#include "outcome.h"
#include "plan.h"
#include "terminal.h"

/*
 * Starts the keeper, tells events (or NULL), forwards signals to the jail, lends it the terminal or
 * relays to its own.  At
 * return no process of the jail is left and the caller has his terminal back.
 * -1: the launch failed (OUTCOME_FAILED, NOT_FOUND or NOT_EXECUTABLE), and err
 * says why.
 */
int supervise(const struct plan *plan, struct caller *caller,
	      struct terminal *terminal, struct events *events,
	      struct outcome *outcome, struct err *err);

/* --exec: no supervisor.  Returns only on failure. */
int supervise_not(const struct plan *plan, struct outcome *outcome,
		  struct err *err);
