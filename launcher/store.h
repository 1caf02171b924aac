#pragma once
/*
 * store: plain tars of compressed images, kept so that an image is decompressed
 * once and not at every launch.
 *
 *	DIGEST.tar	an entry: root's, 0444, of the time 0; DIGEST is the
 *			SHA-256 that we computed over the bytes as we wrote them
 *	from-IDENTITY	a link whose text is the name of an entry: what the file
 *			of this identity (store_index.h) was decompressed to
 *	lock		see below
 *
 * An entry is written without a name, made durable, and then named: no other
 * process ever sees half of one, and a killed one leaves nothing.  Where the
 * file system has no unnamed files it is called partial-IDENTITY meanwhile.
 *
 * Locks: of `lock`, whoever adds holds the byte that belongs to the identity,
 * so others that want the same image wait for him; whoever removes what is
 * unfinished holds all bytes.  Who uses an entry holds a shared flock() on it;
 * prune leaves those alone.
 *
 * Only files that are trusted (image_trust.h) may be added or looked up: what
 * is in the store was root's before it came here.  A digest is right whoever
 * made the image, but says nothing about what the bytes are.
 */
#include <stdbool.h>
#include <stdint.h>

#include "cleanup.h"
#include "err.h"
#include "sha256.h"

#define STORE_DEFAULT "/var/lib/jailwright/store"

struct store {
	int dir_fd, lock_fd;
	char *path;
};

/* An entry in use, until fd is closed. */
struct stored {
	int fd; /* for reading */
	char digest[SHA256_HEX_SIZE];
	uint64_t size;
	bool is_new; /* made by this call; in a report: by this launch */
};

/* Makes the directory (and its parent) where it is missing.  ERR_HOST: there
 * can be no store, and why. */
int store_open(const char *path, struct store **out, struct err *err);

/* As store_open(), but a missing store stays missing: *out is NULL. */
int store_open_existing(const char *path, struct store **out, struct err *err);

/*
 * The entry of a file, compressed or plain; made if it is missing, by one
 * process while others that want it wait.  ERR_INPUT: the image is refused;
 * else the store is to blame.  name is for messages.
 */
int store_put(struct store *store, int image_fd, const char *name,
	      struct stored *out, struct err *err);

/*
 * An entry by its name ("DIGEST.tar"): 1, or 0 when there is none that is
 * complete and root's.
 */
int store_entry_open(const struct store *store, const char *name,
		     struct stored *out, struct err *err);

/* Removes what killed processes left, unless somebody is adding just now. */
void store_sweep(const struct store *store);
void store_free(struct store *store);
DEFINE_AUTO(store)
