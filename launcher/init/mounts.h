#pragma once
/*
 * mounts: the file systems that an enclave's root has besides its own files.
 *
 * All storage is memory, so every tmpfs has a bound: a share of it.
 */
#include <stddef.h>
#include <stdint.h>

#include "err.h"

struct mount_row {
	const char *target, *type;
	unsigned long flags;
	const char *options;
	unsigned share; /* of the memory, a tmpfs: 4 is a quarter */
};

extern const struct mount_row mount_rows[];
extern const size_t n_mount_rows;

/* "mode=1777,size=...,nr_inodes=..." of a row, with that much memory. */
int mount_options(const struct mount_row *row, uint64_t memory, char *out,
		  size_t size);

int mounts_make(struct err *err);
