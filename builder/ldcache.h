#pragma once
/*
 * ldcache: an /etc/ld.so.cache, as glibc reads it.
 *
 * Both the new format and the new one behind the old; either byte order.  The
 * bytes are hostile: what does not hold together is a miss, as for glibc.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cleanup.h"
#include "elf.h"
#include "err.h"

struct ldcache;

/* Takes over data (which free() will free) whatever happens.  *out is NULL when
 * it is no cache of that byte order. */
int ldcache_new(char *data, size_t len, const struct elf_abi *abi,
		struct ldcache **out, struct err *err);
void ldcache_free(struct ldcache *cache);
DEFINE_AUTO(ldcache)

/* The path that a loader of the ABI takes for a name on the least CPU that it
 * runs on, or NULL.  Owned by the cache. */
const char *ldcache_find(const struct ldcache *cache, const char *name);

/* The path for a name under the glibc-hwcaps subdirectory `hwcap`, or NULL. */
const char *ldcache_find_hwcap(const struct ldcache *cache, const char *name,
			       const char *hwcap);

/* The order of names in a cache: runs of digits count as numbers. */
int ldcache_compare(const char *a, const char *b);

/* The id that entries of an ABI carry in a cache. */
uint32_t ldcache_id(const struct elf_abi *abi);
