#include "memo.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct memo_slot {
	char *key; /* NULL: free */
	size_t len;
	uint64_t hash;
	void *value;
};

/* FNV-1a. */
static uint64_t hash_of(const void *key, size_t len)
{
	const unsigned char *at = key;
	uint64_t hash = 0xcbf29ce484222325;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ at[i]) * 0x100000001b3;
	return hash ^ hash >> 32;
}

/* The slot of the key, or the free one where it belongs. */
static struct memo_slot *slot_of(const struct memo *memo, const void *key,
				 size_t len, uint64_t hash)
{
	size_t i = hash & (memo->room - 1);

	for (;; i = (i + 1) & (memo->room - 1)) {
		struct memo_slot *slot = &memo->slots[i];

		if (!slot->key || (slot->hash == hash && slot->len == len &&
				   memcmp(slot->key, key, len) == 0))
			return slot;
	}
}

/* At least a third of the slots is free. */
static bool make_room(struct memo *memo)
{
	struct memo grown = {.n = memo->n, .room = 2 * memo->room};

	if (memo->room != 0 && memo->n < memo->room / 3 * 2)
		return true;
	if (grown.room == 0)
		grown.room = 64;
	grown.slots = calloc(grown.room, sizeof(*grown.slots));
	if (!grown.slots)
		return false;
	for (size_t i = 0; i < memo->room; i++) {
		struct memo_slot *old = &memo->slots[i];

		if (old->key)
			*slot_of(&grown, old->key, old->len, old->hash) = *old;
	}
	free(memo->slots);
	*memo = grown;
	return true;
}

void *memo_get(const struct memo *memo, const void *key, size_t len)
{
	if (memo->room == 0)
		return NULL;
	return slot_of(memo, key, len, hash_of(key, len))->value;
}

static struct memo_slot *add(struct memo *memo, const void *key, size_t len)
{
	uint64_t hash = hash_of(key, len);
	struct memo_slot *slot;

	if (!make_room(memo))
		return NULL;
	slot = slot_of(memo, key, len, hash);
	if (slot->key)
		return slot;
	slot->key = malloc(len + 1);
	if (!slot->key)
		return NULL;
	memcpy(slot->key, key, len);
	slot->key[len] = '\0';
	slot->len = len;
	slot->hash = hash;
	memo->n++;
	return slot;
}

void **memo_at(struct memo *memo, const void *key, size_t len)
{
	struct memo_slot *slot = add(memo, key, len);

	return slot ? &slot->value : NULL;
}

const char *memo_intern(struct memo *memo, const char *text)
{
	struct memo_slot *slot = add(memo, text, strlen(text));

	return slot ? slot->key : NULL;
}

void memo_clear(struct memo *memo, void (*free_value)(void *value))
{
	for (size_t i = 0; i < memo->room; i++) {
		if (memo->slots[i].value && free_value)
			free_value(memo->slots[i].value);
		free(memo->slots[i].key);
	}
	free(memo->slots);
	*memo = (struct memo){0};
}
