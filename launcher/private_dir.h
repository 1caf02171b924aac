#pragma once
/*
 * private_dir: a directory for one launch, below one that only root (or the
 * caller) can enter, gone when the launch is over.
 *
 * It is held by a lock for as long as it is in use: what the next launch finds
 * unlocked was left by a killed one, and is removed.  A guard process removes
 * it at once if its owner is killed.  While there is one, signals that would
 * end its owner are held.
 */
#include "cleanup.h"
#include "err.h"
#include "held_signals.h"
#include "unpack_place.h"

struct private_dir;

/* In the first of the places that will do. */
int private_dir_make(struct unpack_places *places, struct private_dir **out,
		     struct err *err);

/* A name in it: what is mounted on it is unmounted before it is removed. */
#define PRIVATE_MOUNT "root"

/* O_RDONLY; owned by the private_dir. */
int private_dir_fd(const struct private_dir *dir);

/* For whoever waits for something meanwhile; owned by the private_dir. */
const struct held_signals *private_dir_held(const struct private_dir *dir);

/* Removes the directory and all below it. */
int private_dir_remove(struct private_dir *dir, struct err *err);

/*
 * Removes it too, if that was not done; cannot say if it fails.  If a signal is
 * held that ends us, this does not return.
 */
void private_dir_free(struct private_dir *dir);
DEFINE_AUTO(private_dir)
