#include "strset.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static uint64_t hash(const char *text)
{
	uint64_t value = 0xcbf29ce484222325u; /* FNV-1a */

	for (; *text; text++)
		value = (value ^ (unsigned char)*text) * 0x100000001b3u;
	return value ^ value >> 32;
}

/* Where text is, or the free slot where it belongs. */
static char **slot_of(char **slots, size_t room, const char *text)
{
	size_t at = hash(text) & (room - 1);

	while (slots[at] && strcmp(slots[at], text) != 0)
		at = (at + 1) & (room - 1);
	return &slots[at];
}

static int grow(struct strset *set)
{
	size_t room = set->room ? 2 * set->room : 64;
	char **slots = calloc(room, sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	for (size_t i = 0; i < set->room; i++)
		if (set->slots[i])
			*slot_of(slots, room, set->slots[i]) = set->slots[i];
	free(set->slots);
	set->slots = slots;
	set->room = room;
	return 0;
}

bool strset_has(const struct strset *set, const char *text)
{
	return set->room && *slot_of(set->slots, set->room, text);
}

int strset_add(struct strset *set, const char *text)
{
	char **slot;

	if (2 * (set->n + 1) > set->room && grow(set) < 0)
		return -ENOMEM;
	slot = slot_of(set->slots, set->room, text);
	if (*slot)
		return 0;
	*slot = strdup(text);
	if (!*slot)
		return -ENOMEM;
	set->n++;
	return 1;
}

void strset_clear(struct strset *set)
{
	for (size_t i = 0; i < set->room; i++)
		free(set->slots[i]);
	free(set->slots);
	*set = (struct strset){0};
}
