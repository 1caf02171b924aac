#pragma once
/*
 * array: growth of a plain (pointer, count) pair.
 *
 * array_push() makes room for one more item behind the last, counts it and
 * returns it zeroed, or NULL when there is no memory (the array is then as it
 * was).  Room doubles, so that the capacity is known from the count alone.
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static inline void *array_grow(void *items, size_t n, size_t size)
{
	size_t room, bytes;

	if (n != 0 && (n & (n - 1)) != 0)
		return items; /* not at a power of two: there is room */
	room = n ? 2 * n : 1;
	if (room < n || __builtin_mul_overflow(room, size, &bytes))
		return NULL;
	return realloc(items, bytes);
}

#define array_push(items, n)                                                   \
	__extension__({                                                        \
		void *grown_ = array_grow((items), (n), sizeof(*(items)));     \
		__typeof__(items) item_ = NULL;                                \
		if (grown_) {                                                  \
			(items) = grown_;                                      \
			item_ = memset(&(items)[(n)++], 0, sizeof(*(items)));  \
		}                                                              \
		item_;                                                         \
	})
