#pragma once
/*
 * memo: what is already known, by key: a string or any other bytes.
 *
 * A key stays where it is until memo_clear(), so that two equal strings that
 * went through memo_intern() are one pointer and compare as such.  There is no
 * way to walk through a memo: its order is of no use to any output.
 */
#include <stddef.h>

struct memo {
	struct memo_slot *slots;
	size_t n, room;
};

/* The value of a key, or NULL. */
void *memo_get(const struct memo *memo, const void *key, size_t len);

/* Where the value of a key stands, NULL at first; NULL: no memory.  The place
 * is good until the next call. */
void **memo_at(struct memo *memo, const void *key, size_t len);

/* The one copy of a string; NULL: no memory. */
const char *memo_intern(struct memo *memo, const char *text);

/* free_value (may be NULL) is called for each value that is not NULL. */
void memo_clear(struct memo *memo, void (*free_value)(void *value));
