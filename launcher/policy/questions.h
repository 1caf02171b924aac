#pragma once
/*
 * questions: a filter as a graph of questions about a call.
 *
 * A question looks at one word of struct seccomp_data and leads to the next
 * question or to an answer.  Which instructions load the word is left open
 * (see layout.h).
 *
 *	BPF_JEQ		(word & mask) == value
 *	BPF_JGE		(word & mask) >= value
 *	BPF_JSET	(word & value) != 0
 *	BPF_RET		no question: value is the answer
 */
#include <linux/filter.h>
#include <linux/seccomp.h>

#include "graph.h"

#define WORD_NUMBER offsetof(struct seccomp_data, nr)
#define WORD_ABI offsetof(struct seccomp_data, arch)
#define ALL_BITS UINT32_MAX

static inline bool is_answer(const struct node *node)
{
	return node->code == BPF_RET;
}

uint32_t question_answer(struct graph *graph, uint32_t action);

/*
 * The question in its one form (also BPF_JGT is taken, and a mask with every
 * test), or where it leads when there is nothing to ask.
 */
uint32_t question_ask(struct graph *graph, struct node question);
