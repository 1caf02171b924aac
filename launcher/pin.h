#pragma once
/*
 * pin: one mount of an image for all its jails, so that they share its page
 * cache and a launch need not mount.
 *
 * A pin is /run/jailwright/pins/DEV-INODE-CTIME-SIZE, below directories that
 * only root can enter; beside it, DEV-...-SIZE.of is a link to the image.  An
 * image that changed has another name.  Whoever makes a pin removes those whose
 * image has changed or is no longer there.  Removing a pin does not disturb jails that
 * run: each has a mount of its own.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

struct image_form;

#define PIN_NAME_SIZE 96

struct pin {
	char name[PIN_NAME_SIZE];
	uint64_t dev, inode, ctime_ns, size; /* of the image */
	bool is_current; /* its image is still there, and is the same */
	/* False: left half-made by a killed launch, or it is mounted in another
	 * mount namespace. */
	bool is_mounted;
};

/*
 * The root directory of the image's pin (O_PATH); -1: it has none, or only its
 * owner ought to trust the image.  All else that image_trust.h asks was asked
 * when the pin was made, of the same file: what was written since has another
 * name.
 */
int pin_find(int file, const struct image_form *form);

/*
 * The same, but makes it if it is not there.  1: *root is a descriptor; 0: no
 * pin or no mount here, and err says why; -1.
 */
int pin_open(int file, const char *path, const struct image_form *form,
	     int *root, bool *by_loop, struct err *err);

/* All pins, by name; the array is the caller's. */
int pin_list(struct pin **out, size_t *n, struct err *err);

/* Unless is_all, only if it is of no use.  0 too if there is no such pin. */
int pin_remove(const char *name, bool is_all, struct err *err);
