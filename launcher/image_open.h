#pragma once
/*
 * image_open: from -i FILE or -r DIR to a directory that can be a jail's root.
 *
 * An image that can be mounted and trusted is: a pin (pin.h) that all its jails
 * share, or a mount of its own.  Else it is unpacked into a private directory
 * that only root (or the caller) can reach, and removed when the image is
 * closed; a guard process removes it if we are killed first.
 */
#include "cleanup.h"
#include "err.h"
#include "image_mount.h"
#include "manifest.h"
#include "opts.h"
#include "store.h"
#include "unpack.h"

struct private_dir;

struct image_request {
	const char *file, *root; /* exactly one of them */
	const char *devices; /* a comma list, or NULL: the default */
	const char *store; /* as store_image() takes it */
	struct opt_list copies; /* SRC:DST */
	bool no_pin;
	const char *no_mount; /* why it is to be unpacked; or NULL */
	bool no_detached; /* if it is not pinned, by mount(2) */
	bool has_terminal; /* /dev/tty is one of the default devices */
};

enum image_way { IMAGE_DIRECTORY, IMAGE_PIN, IMAGE_MOUNT, IMAGE_UNPACKED };

struct image {
	const char *name; /* for messages: what was typed */
	int root_fd; /* O_PATH */
	enum image_way way;
	bool by_loop;
	char index[IMAGE_INDEX_SIZE]; /* of one that is mounted; or "" */
	struct err why; /* it is not pinned, or not mounted; or no words */
	const char *devices; /* that the jail shall have; NULL: as they are */
	/* Of an image that was unpacked, or mounted by mount(2) and not pinned: */
	struct private_dir *dir;
	/* Of an image: */
	struct manifest *manifest; /* its own, if it has one */
	struct unpack_result unpacked;
	bool is_stored; /* its tar came from the store: */
	struct stored stored; /* fd is -1 if not, and held until the end */
	char *why_not_stored;
};

/* *out is the caller's; on failure there is nothing to release in it. */
int image_open(const struct image_request *request, struct image *out,
	       struct err *err);

/* How the image became a directory, in words. */
const char *image_way_words(const struct image *image);

/* Removes what was unpacked. */
int image_close(struct image *image, struct err *err);
void image_release(struct image *image); /* NULL: nothing */
