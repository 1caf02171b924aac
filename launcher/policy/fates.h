#pragma once
/*
 * fates: what a filter makes of every number that a system call may have.
 */
#include "compile.h"
#include "questions.h"

/* The numbers low to high, of which no more is to be asked than this. */
struct fate {
	uint32_t low, high;
	uint32_t question;
};

struct fates {
	struct fate *items; /* from 0 to UINT32_MAX, neighbours differ */
	size_t n;
	uint32_t foreign; /* what becomes of calls by another ABI */
};

/*
 * Returns 1 when it cannot be told: the filter has other instructions than
 * ours and libseccomp's, or other questions about number and ABI, or is many
 * times what the kernel takes.
 */
int fates_read(const struct program *program, uint32_t abi, struct graph *graph,
	       struct fates *out, struct err *err);
