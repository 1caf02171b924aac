#pragma once
/*
 * events: what happens in a launch, as it happens: --events FILE|fd:N, an object
 * a line, as docs/events.schema.json describes it.
 *
 * The supervisor writes them, and never waits for who reads them: what is not
 * taken in time, or finds no room, is counted, and the next line says how many
 * were lost; events_lost() if there was no next.  Refused
 * calls come from the keeper, by the memory that they share: of each kind the
 * first few (refusals.h), so a flood of them is no flood here.  Nothing is
 * allocated after events_open(): the keeper might be doing so.
 *
 * All take NULL: nobody wants to know.
 */
#include <stdint.h>
#include <sys/types.h>

#include "cleanup.h"
#include "err.h"
#include "outcome.h"

struct events;
struct plan;

int events_open(const char *where, mode_t mode, struct events **out,
		struct err *err);

/* All is prepared; once for each attempt. */
void events_prepared(struct events *events, const struct plan *plan);
void events_started(struct events *events, pid_t pid);

/* Those that the keeper told of since the last time. */
void events_refused(struct events *events, const struct plan *plan);
void events_stopped(struct events *events, int signal);
void events_continued(struct events *events);
void events_forwarded(struct events *events, int signal);

/* The last, and the limits that were met before; failure is NULL without. */
void events_ended(struct events *events, const struct outcome *outcome,
		  const struct err *failure);

/* Lines that no later one says are lost, and for what. */
uint64_t events_lost(const struct events *events, const char **why);
void events_free(struct events *events);
DEFINE_AUTO(events)
