/*
 * Any bytes as an ld.so.cache: byte 0 chooses the byte order, bytes up to a
 * zero are the name that is looked up, the rest is the cache.
 */
#include <elf.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ldcache.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *nul = size ? memchr(data, '\0', size) : NULL;
	struct elf_abi abi = {ELFCLASS64, ELFDATA2LSB, EM_X86_64, 0};
	auto_of(ldcache) struct ldcache *cache = NULL;
	const char *path, *name = (const char *)data + 1;
	struct err err;
	char *copy;
	size_t len;

	if (!nul || nul == data)
		return 0;
	if (*data == 'B')
		abi = (struct elf_abi){ELFCLASS64, ELFDATA2MSB, EM_S390, 0};
	len = size - (size_t)(nul + 1 - data);
	copy = malloc(len ? len : 1);
	if (!copy)
		abort();
	memcpy(copy, nul + 1, len);
	if (ldcache_new(copy, len, &abi, &cache, &err) < 0)
		abort();
	if (!cache)
		return 0;
	path = ldcache_find(cache, name);
	if (path && strlen(path) > len)
		abort();
	path = ldcache_find_hwcap(cache, name, "x86-64-v2");
	if (path && strlen(path) > len)
		abort();
	return 0;
}
