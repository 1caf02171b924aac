#include "ldcache.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define OLD_MAGIC "ld.so-1.7.0"
#define NEW_MAGIC "glibc-ld.so.cache1.1"
#define OLD_HEADER 16 /* magic, number of entries */
#define OLD_ENTRY 12
#define NEW_HEADER 48
#define NEW_ENTRY 24
#define N_ENTRIES_AT 20 /* in the new header */
#define FLAGS_AT 28
#define EXTENSION_AT 32

#define ORDER_MASK 3
#define ORDER_LITTLE 2
#define ORDER_BIG 3

#define EXTENSION_MAGIC 0xeaa42174u
#define EXTENSION_HWCAPS 1 /* tag of the list of subdirectories */
#define HWCAP_NAMED ((uint64_t)1 << 62) /* the low half indexes that list */
#define HWCAP_TLS ((uint64_t)1 << 63)
#define HWCAP_X86_64 ((uint64_t)1 << 0)

struct ldcache {
	unsigned char *data;
	const unsigned char *base; /* the new format: offsets count from here */
	size_t len; /* from base to the end */
	uint32_t n_entries;
	bool is_big_endian;
	uint32_t id;
	uint64_t hwcaps; /* that every CPU of the ABI has */
	const unsigned char *named; /* offsets of names of subdirectories */
	uint32_t n_named;
};

struct entry {
	uint32_t id, name, path;
	uint64_t hwcap;
};

static const struct {
	uint16_t machine;
	uint8_t class;
	uint32_t id;
} ids[] = {
	{EM_X86_64, ELFCLASS64, 0x303},
	{EM_X86_64, ELFCLASS32, 0x803},
	{EM_386, ELFCLASS32, 3},
	{EM_AARCH64, ELFCLASS64, 0xa03},
	{EM_ARM, ELFCLASS32, 0x903},
	{EM_PPC64, ELFCLASS64, 0x503},
	{EM_S390, ELFCLASS64, 0x403},
	{EM_RISCV, ELFCLASS64, 0x1003},
	{EM_LOONGARCH, ELFCLASS64, 0x1203},
};

uint32_t ldcache_id(const struct elf_abi *abi)
{
	if (abi->machine == EM_ARM && (abi->flags & EF_ARM_ABI_FLOAT_SOFT))
		return 0xb03;
	for (size_t i = 0; i < sizeof(ids) / sizeof(*ids); i++)
		if (ids[i].machine == abi->machine &&
		    ids[i].class == abi->class)
			return ids[i].id;
	return 3;
}

int ldcache_compare(const char *a, const char *b)
{
	const unsigned char *p = (const unsigned char *)a;
	const unsigned char *q = (const unsigned char *)b;

	while (*p) {
		bool p_digit = *p >= '0' && *p <= '9';
		bool q_digit = *q >= '0' && *q <= '9';
		uint32_t x = 0, y = 0;

		if (p_digit != q_digit)
			return p_digit ? 1 : -1;
		if (!p_digit) {
			if (*p != *q)
				return *p - *q;
			p++, q++;
			continue;
		}
		for (; *p >= '0' && *p <= '9'; p++)
			x = 10 * x + (*p - '0');
		for (; *q >= '0' && *q <= '9'; q++)
			y = 10 * y + (*q - '0');
		if (x != y)
			return x < y ? -1 : 1;
	}
	return -(int)*q;
}

static uint32_t u32(const struct ldcache *cache, const unsigned char *at)
{
	return cache->is_big_endian
		       ? (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 |
				 (uint32_t)at[2] << 8 | at[3]
		       : (uint32_t)at[3] << 24 | (uint32_t)at[2] << 16 |
				 (uint32_t)at[1] << 8 | at[0];
}

static uint64_t u64(const struct ldcache *cache, const unsigned char *at)
{
	uint64_t first = u32(cache, at), second = u32(cache, at + 4);

	return cache->is_big_endian ? first << 32 | second
				    : second << 32 | first;
}

/* NULL: it does not end within the cache. */
static const char *string_at(const struct ldcache *cache, uint32_t offset)
{
	if (offset >= cache->len ||
	    !memchr(cache->base + offset, '\0', cache->len - offset))
		return NULL;
	return (const char *)cache->base + offset;
}

static struct entry entry_at(const struct ldcache *cache, uint32_t i)
{
	const unsigned char *at =
		cache->base + NEW_HEADER + (size_t)i * NEW_ENTRY;

	return (struct entry){.id = u32(cache, at),
			      .name = u32(cache, at + 4),
			      .path = u32(cache, at + 8),
			      .hwcap = u64(cache, at + 16)};
}

/* Where the new format begins, or NULL. */
static const unsigned char *find_base(const struct ldcache *cache, size_t len)
{
	const unsigned char *data = cache->data;
	size_t n, at;

	if (len >= NEW_HEADER &&
	    memcmp(data, NEW_MAGIC, strlen(NEW_MAGIC)) == 0)
		return data;
	if (len < OLD_HEADER || memcmp(data, OLD_MAGIC, strlen(OLD_MAGIC)) != 0)
		return NULL;
	n = u32(cache, data + 12);
	if (n > (len - OLD_HEADER) / OLD_ENTRY)
		return NULL;
	at = (OLD_HEADER + n * OLD_ENTRY + 7) & ~(size_t)7;
	if (at > len || len - at < NEW_HEADER ||
	    memcmp(data + at, NEW_MAGIC, strlen(NEW_MAGIC)) != 0)
		return NULL;
	return data + at;
}

/* The extension that lists the names of glibc-hwcaps subdirectories. */
static void find_named(struct ldcache *cache)
{
	size_t at = u32(cache, cache->base + EXTENSION_AT);
	uint32_t n;

	if (at == 0 || at > cache->len || cache->len - at < 8 ||
	    u32(cache, cache->base + at) != EXTENSION_MAGIC)
		return;
	n = u32(cache, cache->base + at + 4);
	if (n > (cache->len - at - 8) / 16)
		return;
	for (uint32_t i = 0; i < n; i++) {
		const unsigned char *section =
			cache->base + at + 8 + (size_t)16 * i;
		size_t offset = u32(cache, section + 8);
		size_t size = u32(cache, section + 12);

		if (u32(cache, section) != EXTENSION_HWCAPS ||
		    offset > cache->len || size > cache->len - offset)
			continue;
		cache->named = cache->base + offset;
		cache->n_named = (uint32_t)(size / 4);
		return;
	}
}

/* False: not a cache for this byte order. */
static bool read_header(struct ldcache *cache, size_t len)
{
	unsigned order;

	cache->base = find_base(cache, len);
	if (!cache->base)
		return false;
	cache->len = len - (size_t)(cache->base - cache->data);
	order = cache->base[FLAGS_AT] & ORDER_MASK;
	if (order != 0 &&
	    order != (cache->is_big_endian ? ORDER_BIG : ORDER_LITTLE))
		return false;
	cache->n_entries = u32(cache, cache->base + N_ENTRIES_AT);
	if (cache->n_entries > (cache->len - NEW_HEADER) / NEW_ENTRY)
		return false;
	find_named(cache);
	return true;
}

int ldcache_new(char *data, size_t len, const struct elf_abi *abi,
		struct ldcache **out, struct err *err)
{
	struct ldcache *cache = calloc(1, sizeof(*cache));

	*out = NULL;
	if (!cache) {
		free(data);
		return err_sys(err, ENOMEM, "read the cache of libraries");
	}
	cache->data = (unsigned char *)data;
	cache->is_big_endian = abi->order == ELFDATA2MSB;
	cache->id = ldcache_id(abi);
	cache->hwcaps = HWCAP_TLS;
	if (abi->machine == EM_X86_64)
		cache->hwcaps |= HWCAP_X86_64;
	if (read_header(cache, len))
		*out = cache;
	else
		ldcache_free(cache);
	return 0;
}

void ldcache_free(struct ldcache *cache)
{
	if (cache)
		free(cache->data);
	free(cache);
}

/* name against that of entry i; false: the entry is broken. */
static bool compare_entry(const struct ldcache *cache, const char *name,
			  uint32_t i, int *order)
{
	const char *key = string_at(cache, entry_at(cache, i).name);

	if (key)
		*order = ldcache_compare(name, key);
	return key != NULL;
}

/* The first of the entries with a name, by glibc's own search: a cache out of
 * order gives the same hits and misses.  n_entries: none. */
static uint32_t first_entry(const struct ldcache *cache, const char *name)
{
	int64_t left = 0, right = (int64_t)cache->n_entries - 1;

	while (left <= right) {
		uint32_t middle = (uint32_t)((left + right) / 2);
		int order;

		if (!compare_entry(cache, name, middle, &order))
			break;
		if (order < 0) {
			left = (int64_t)middle + 1;
			continue;
		}
		if (order > 0) {
			right = (int64_t)middle - 1;
			continue;
		}
		while (middle > 0 &&
		       compare_entry(cache, name, middle - 1, &order) &&
		       order == 0)
			middle--;
		return middle;
	}
	return cache->n_entries;
}

static bool is_named(const struct ldcache *cache, uint64_t hwcap,
		     const char *wanted)
{
	uint32_t i = (uint32_t)hwcap;
	const char *name;

	if ((hwcap >> 32) != (HWCAP_NAMED >> 32) || i >= cache->n_named)
		return false;
	name = string_at(cache, u32(cache, cache->named + (size_t)4 * i));
	return name && strcmp(name, wanted) == 0;
}

/* hwcap: the subdirectory's name, or NULL for plain entries. */
static const char *find(const struct ldcache *cache, const char *name,
			const char *hwcap)
{
	uint32_t i = first_entry(cache, name);
	int order;

	for (; i < cache->n_entries; i++) {
		struct entry entry = entry_at(cache, i);

		if (!compare_entry(cache, name, i, &order) || order != 0)
			break;
		if (entry.id != cache->id)
			continue;
		if (hwcap ? !is_named(cache, entry.hwcap, hwcap)
			  : (entry.hwcap & ~cache->hwcaps) != 0)
			continue;
		if (string_at(cache, entry.path))
			return string_at(cache, entry.path);
	}
	return NULL;
}

const char *ldcache_find(const struct ldcache *cache, const char *name)
{
	return find(cache, name, NULL);
}

const char *ldcache_find_hwcap(const struct ldcache *cache, const char *name,
			       const char *hwcap)
{
	return find(cache, name, hwcap);
}
