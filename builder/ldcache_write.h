#pragma once
/*
 * ldcache_write: an /etc/ld.so.cache in the new format, the same bytes for the
 * same entries, whatever the machine that writes it.
 */
#include <stddef.h>

#include "elf.h"
#include "err.h"

struct ldcache_entry {
	const char *name; /* what a program asks for: "libfoo.so.1" */
	const char *path;
	struct elf_abi abi; /* of the library */
};

/* Sorts the entries.  The bytes are the caller's. */
int ldcache_write(struct ldcache_entry *entries, size_t n, char **data,
		  size_t *len, struct err *err);
