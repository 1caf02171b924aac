#pragma once
/*
 * unpack_place: the directories in which an image may be unpacked, tried in
 * order: root's own; jailwright-UID in /tmp; and the same in the caller's
 * $XDG_RUNTIME_DIR and $TMPDIR.
 *
 * One will do if it is ours alone and nobody else can put another in its place,
 * programs can be executed from it (and devices opened, where they are made),
 * and there is room.
 */
#include <stddef.h>
#include <stdint.h>

#include "err.h"

struct unpack_places {
	uint64_t bytes; /* that are needed at least; 0: it is not known */
	size_t next; /* which is to be tried */
	char tried[384]; /* those that would not do, and why */
};

/* A descriptor of the next that will do; -1: none, and err names all. */
int unpack_place_open(struct unpack_places *places, struct err *err);

/* The last that was opened would not do after all. */
void unpack_place_refuse(struct unpack_places *places, const char *why);
