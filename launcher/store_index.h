#pragma once
/*
 * store_index: which entry of the store belongs to a file, told without
 * reading the file.
 *
 * A file is known by device, inode, size, time of change of content and of
 * inode.  Only the kernel sets the last, so a file that was changed is another
 * file; but its clock ticks some hundred times a second only, so a file that
 * was changed a moment ago may change again under the same identity:
 * store_identity_is_settled().
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "err.h"

#define STORE_FROM "from-"

struct store_identity {
	char link[160]; /* STORE_FROM and numbers in hex */
	struct timespec changed;
};

void store_identify(const struct stat *st, struct store_identity *out);
bool store_identity_is_same(const struct store_identity *a,
			    const struct store_identity *b);

/* now: of CLOCK_REALTIME, before the file's content was read. */
bool store_identity_is_settled(const struct store_identity *identity,
			       const struct timespec *now);

/* A byte of the store's lock. */
uint64_t store_identity_byte(const struct store_identity *identity);

/* "DIGEST.tar" and nothing else? */
bool store_is_entry_name(const char *name);

/*
 * The name of the entry, as remembered: 1, or 0: nothing is, or nonsense.  The
 * entry may be gone.
 */
#define STORE_ENTRY_SIZE 69 /* 64 digits, ".tar", NUL */
int store_index_find(int dir_fd, const struct store_identity *identity,
		     char entry[STORE_ENTRY_SIZE], struct err *err);
int store_index_set(int dir_fd, const struct store_identity *identity,
		    const char *entry, struct err *err);
