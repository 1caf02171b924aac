#include "ldcache_write.h"

#include <elf.h>
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ldcache.h"

#define MAGIC "glibc-ld.so.cache1.1"

/* glibc's struct cache_file_new and file_entry_new. */
struct header {
	char magic[sizeof(MAGIC) - 1];
	uint32_t n, strings_size;
	uint8_t flags; /* byte order: 2 little, 3 big */
	uint8_t unused[3];
	uint32_t extensions;
	uint32_t reserved[3];
};

struct record {
	uint32_t flags, name, path, os_version;
	uint64_t hwcap;
};

_Static_assert(sizeof(struct header) == 48, "as in glibc");
_Static_assert(sizeof(struct record) == 24, "as in glibc");

/* Descending, as the loader's binary search expects. */
static int compare(const void *a, const void *b)
{
	const struct ldcache_entry *first = a, *second = b;
	int order = ldcache_compare(second->name, first->name);
	uint32_t one = ldcache_id(&first->abi), two = ldcache_id(&second->abi);

	if (order != 0)
		return order;
	if (one != two)
		return one > two ? -1 : 1;
	return strcmp(first->path, second->path);
}

static uint32_t number(uint32_t value, bool is_big)
{
	return is_big ? htobe32(value) : htole32(value);
}

static size_t measure(const struct ldcache_entry *entries, size_t n)
{
	size_t len = 0;

	for (size_t i = 0; i < n; i++)
		len += strlen(entries[i].name) + strlen(entries[i].path) + 2;
	return len;
}

static uint32_t put_string(char *data, size_t *at, const char *text)
{
	size_t start = *at, len = strlen(text) + 1;

	memcpy(data + start, text, len);
	*at += len;
	return (uint32_t)start;
}

int ldcache_write(struct ldcache_entry *entries, size_t n, char **data,
		  size_t *len, struct err *err)
{
	bool is_big = n && entries[0].abi.order == ELFDATA2MSB;
	size_t strings = sizeof(struct header) + n * sizeof(struct record);
	size_t total = strings + measure(entries, n), at = strings;
	struct header header = {
		.magic = MAGIC,
		.n = number((uint32_t)n, is_big),
		.strings_size = number((uint32_t)(total - strings), is_big),
		.flags = is_big ? 3 : 2,
	};
	char *bytes = calloc(total, 1);

	if (!bytes)
		return err_sys(err, ENOMEM, "ld.so.cache");
	if (n)
		qsort(entries, n, sizeof(*entries), compare);
	memcpy(bytes, &header, sizeof(header));
	for (size_t i = 0; i < n; i++) {
		struct record record = {
			.flags = number(ldcache_id(&entries[i].abi), is_big)};

		record.name =
			number(put_string(bytes, &at, entries[i].name), is_big);
		record.path =
			number(put_string(bytes, &at, entries[i].path), is_big);
		memcpy(bytes + sizeof(header) + i * sizeof(record), &record,
		       sizeof(record));
	}
	*data = bytes;
	*len = total;
	return 0;
}
