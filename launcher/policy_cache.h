#pragma once
/*
 * policy_cache: filters that were compiled, kept until the machine restarts in
 * a directory that only root can enter.
 *
 * An entry is called by the digest of all that its filter follows from: the
 * policy's text, what amends it, the jail's features, the kernel, our version
 * and the very file of the helper that compiles.  It holds a digest of itself.
 * Whatever is wrong with an entry, or with the directory, there is no entry;
 * a cache that cannot be written is none.
 */
#include "policy/policy.h"
#include "sha256.h"

void policy_cache_key(const struct policy_request *request, const char *helper,
		      char key[SHA256_HEX_SIZE]);

/* As policy_filter(), where the cache has it. */
bool policy_cache_find(const char *key, struct sock_fprog *program,
		       void **owned);
void policy_cache_put(const char *key, const struct sock_fprog *program);
