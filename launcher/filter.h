#pragma once
/*
 * filter: what a compiled seccomp filter does, found out from the filter
 * itself.  Whoever asks here cannot disagree with the kernel.
 */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct filter_answer {
	uint32_t action; /* SECCOMP_RET_*, with its data */
	/* What it was decided by: bit 2n: the low half of argument n, bit
	 * 2n + 1: the high half. */
	uint32_t looked_at;
};

/* Runs it over one call.  What no filter of ours contains is SIGSYS. */
struct filter_answer filter_run(const struct sock_fprog *program,
				const struct seccomp_data *call);

/* What becomes of the calls that have a name, whatever their arguments. */
struct filter_counts {
	unsigned allowed, refused, killed, by_arguments;
};
struct filter_counts filter_count(const struct sock_fprog *program);

/*
 * The same filter, that asks a listener (SECCOMP_RET_USER_NOTIF) where the
 * first refuses a call, or kills for one.  It goes on to decide by itself:
 * calls of a foreign ABI, numbers that nobody has reviewed, and the calls of
 * filter_silent[], where it answers ENOSYS; with kills_itself, kills too.
 * out has room for FILTER_ASKING_MORE instructions more.  How many there are;
 * 0: it would never ask, or cannot be made.
 */
#define FILTER_ASKING_MORE 16
size_t filter_make_asking(const struct sock_fprog *program, bool kills_itself,
			  struct sock_filter *out);

/* Numbers, the same on every machine; ended by 0. */
extern const unsigned filter_silent[];
