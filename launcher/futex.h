#pragma once
/*
 * futex: waiting for a word of memory to change, for processes that share their
 * memory with another (raw_call.h).
 */
#include <linux/futex.h>
#include <stdint.h>
#include <time.h>

#include "raw_call.h"

/*
 * Returns when the word is no longer `value`, or after a while; whoever waits
 * looks for himself.
 */
static inline void futex_wait(const uint32_t *word, uint32_t value,
			      const struct timespec *while_)
{
	raw_call(SYS_futex, (long)word, FUTEX_WAIT, (long)value, (long)while_);
}
