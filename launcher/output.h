#pragma once
/*
 * output: standard output and error of a jail whose output is bounded.
 *
 * The program gets pipes in place of them.  The supervisor hands on what comes,
 * counts, and stops at the limit: what was written within it arrives, the first
 * byte beyond it ends the jail.  Both may be one pipe, where both lead to the
 * same file, so that the order of what is written stays.
 *
 * Of each there is one small buffer, read only when it is empty: a caller who
 * does not read keeps the program from writing, as he would by himself.
 */
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "cleanup.h"
#include "err.h"

struct handover;
struct jail_limit;
struct output;

#define OUTPUT_FDS 4

/*
 * *out stays NULL if the limit is not set.  Of 0-2, those that are the jail's
 * own terminal get no pipe: who relays from it asks output_take().
 */
int output_open(const struct jail_limit *limit, const bool is_terminal[3],
		struct output **out, struct err *err);

/* How many of so many bytes may be handed on; also of NULL: all. */
size_t output_take(struct output *output, size_t n);

/* In the program's process: the pipes become 1 and 2.  0 or -errno. */
int output_join(const struct output *output);

/* The rest, also of NULL.  The program's process has its ends. */
void output_start(struct output *output);

/* What to poll() for; all of them are -1 if there is nothing. */
void output_wants(const struct output *output, struct pollfd fds[OUTPUT_FDS]);

/* Moves what can be moved.  False: the jail is to be ended. */
bool output_move(struct output *output, const struct pollfd fds[OUTPUT_FDS]);

/* The jail has ended: hands on what it left in the pipes. */
void output_end(struct output *output, const struct handover *handover);

/* More was written than was allowed. */
bool output_is_over(const struct output *output);

/* -1: something could not be written, and err says what. */
int output_check(const struct output *output, struct err *err);
void output_free(struct output *output);
DEFINE_AUTO(output)
