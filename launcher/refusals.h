#pragma once
/*
 * refusals: which system calls of a jail were refused, and how often.
 *
 * Of a bounded size whatever the program does: calls of one kind are counted
 * together, and what finds no room is only counted.  Written by the keeper,
 * read by the supervisor when the keeper is gone; the memory is shared.
 */
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stdint.h>

#include "filter.h"

/* Kinds in all; and of one number, before the rest of it is one kind. */
#define REFUSALS_MOST 96
#define REFUSALS_OF_ONE_CALL 6

/* Of a kind, and of all, that are told as they are made (events.h). */
#define REFUSALS_TOLD_OF_A_KIND 4
#define REFUSALS_TOLD 256

struct refusal {
	uint32_t number;
	struct filter_answer answer;
	bool is_mixed; /* several arguments; args are those of the first */
	int32_t pid; /* of the first that made it, seen from outside */
	uint64_t count;
	uint64_t n_hard; /* by SIGKILL: SIGSYS was caught, ignored or blocked */
	uint64_t args[6];
	char comm[16]; /* of the first; empty: not known */
};

struct refusals {
	uint32_t n;
	uint64_t n_more; /* calls that found no room */
	struct refusal items[REFUSALS_MOST];
};

/*
 * Counts a call, and returns what it was counted as; NULL: among those
 * without room.  count is 1 when it is the first of its kind.
 */
struct refusal *refusals_add(struct refusals *refusals,
			     const struct seccomp_data *call,
			     struct filter_answer answer);
