#pragma once
/*
 * image_mount: an image file as a read-only file system, without a place in
 * the tree: a detached mount.
 *
 * A mountable tar (docs/IMAGE.md) is EROFS and is mounted from the file itself
 * where the kernel can (6.13, and a file system below that can be read so:
 * not tmpfs, not overlayfs), else by a loop device that vanishes with the
 * mount.  squashfs always needs the loop device.
 *
 * The caller has made sure that the image may be trusted (image_trust.h).
 */
#include <stdbool.h>
#include <stdint.h>

#include "err.h"

#define IMAGE_INDEX_SIZE 37

/* What the superblock says, after it was found in order. */
struct image_form {
	const char *type; /* of file system */
	uint64_t magic; /* as statfs() gives it */
	uint64_t bytes; /* of the file system */
	char index[IMAGE_INDEX_SIZE]; /* its UUID; EROFS only */
};

/* 1: can be mounted; 0: cannot, and err says why; -1: it cannot be read. */
int image_form(int file, struct image_form *out, struct err *err);

/* Also a damaged one, which has no form. */
bool image_is_squashfs(int file);

/*
 * What a kernel can, by its version: EROFS with blocks of 512 bytes; and that
 * from the file itself, which 6.12 could, and crashed on blocks smaller than a
 * page.
 */
bool image_has_erofs(const unsigned kernel[2]);
bool image_needs_no_loop(const unsigned kernel[2]);

/* 1: mounted, *mount is a descriptor; 0: not here, err says why; -1. */
int image_mount(int file, const struct image_form *form, int *mount,
		bool *by_loop, struct err *err);

/*
 * Before Linux 5.2 mount(2) is all there is, which mounts on a name in a
 * directory; by a loop device.  True: what image_mount() lacked was just that.
 */
bool image_mount_is_old(int mounted, const struct err *err);
int image_mount_at(int file, const struct image_form *form, int dir,
		   const char *name, struct err *err);
