#pragma once
/*
 * kernel_image: the file of a kernel, as an enclave's loader takes it: an
 * x86_64 bzImage, or an aarch64 flat Image.
 *
 * What is wrapped (the EFI "zboot" form, gzip) is unwrapped into a file without
 * a name.  What the loader would stumble over is refused, with the remedy.
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "cleanup.h"
#include "err.h"

enum { KERNEL_HEAD = 64, KERNEL_VERSION_MAX = 128 };

/* Where the aarch64 loader puts a kernel that says 0 is where it begins. */
#define KERNEL_TEXT_OFFSET UINT64_C(0x200000)

struct kernel_image {
	char *name; /* for messages */
	int fd;
	off_t offset, size; /* of the image in the file */
	uint16_t machine; /* e_machine: EM_X86_64 or EM_AARCH64 */
	char version[KERNEL_VERSION_MAX]; /* "6.6.79"; "unknown" */
	const char *wrapping; /* what was undone: "gzip", ...; or NULL */
	uint64_t text_offset; /* aarch64 */
};

/* spool: beside this an unwrapped copy may be made; NULL: in memory. */
int kernel_image_open(const char *path, const char *spool,
		      struct kernel_image **out, struct err *err);

/* The image that is a part of an open file, which stays the caller's. */
int kernel_image_part(int fd, const char *name, off_t offset, off_t size,
		      struct kernel_image **out, struct err *err);
void kernel_image_free(struct kernel_image *kernel);
DEFINE_AUTO(kernel_image)

/* True: it cannot be loaded as it is (aarch64 with text_offset 0). */
bool kernel_image_needs_fix(const struct kernel_image *kernel);

/* The first bytes, with text_offset set to KERNEL_TEXT_OFFSET if is_fixed. */
int kernel_image_head(const struct kernel_image *kernel, bool is_fixed,
		      unsigned char head[KERNEL_HEAD], struct err *err);

/* "x86_64", "aarch64" */
const char *kernel_machine_name(uint16_t machine);
