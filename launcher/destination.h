#pragma once
/*
 * destination: where --report and --events go, a FILE or fd:N, as it was typed.
 */
#include <stdbool.h>

/*
 * One file, in which one would lose what the other writes: a report takes the
 * place of what was there, events begin at the start.  Pipes, terminals and
 * devices take both; of two descriptors it is for the caller to know.
 */
bool destinations_clash(const char *a, const char *b);
