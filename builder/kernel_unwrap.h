#pragma once
/*
 * kernel_unwrap: the kernel out of a file that wraps it: the EFI "zboot" form
 * of distributions for aarch64, or gzip.
 */
#include <sys/types.h>

#include "err.h"

/*
 * *out is a new descriptor of the kernel alone, *size its size, *wrapping what
 * was undone; -1 and untouched when the file wraps nothing that we know.  The
 * copy has no name and lies beside spool, or in memory when that is NULL.
 */
int kernel_unwrap(int fd, const char *name, const char *spool, int *out,
		  off_t *size, const char **wrapping, struct err *err);
