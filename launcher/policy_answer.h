#pragma once
/*
 * policy_answer: what jail-policy writes to its standard output: this, then
 * either the filter's instructions (of a configuration: oci_answer.h) or the
 * words of the failure.
 */
#include <stdint.h>

struct policy_answer {
	uint32_t kind; /* enum err_kind; ERR_NONE: a filter follows */
	uint32_t size; /* of what follows, in bytes */
};

/* BPF_MAXINSNS instructions of 8 bytes. */
#define POLICY_ANSWER_MOST (4096ul * 8)

/* How long the text of a policy can be; Docker's has some 20,000 bytes. */
#define POLICY_TEXT_MOST (1 << 20)
