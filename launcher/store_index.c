#include "store_index.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Longer than any tick (10 ms); and for a file system of whole seconds. */
#define TICK_NS 100000000
#define TICK_SECONDS 2

void store_identify(const struct stat *st, struct store_identity *out)
{
	snprintf(out->link, sizeof(out->link),
		 STORE_FROM "%jx-%jx-%jx-%jx.%lx-%jx.%lx",
		 (uintmax_t)st->st_dev, (uintmax_t)st->st_ino,
		 (uintmax_t)st->st_size, (uintmax_t)st->st_mtim.tv_sec,
		 (unsigned long)st->st_mtim.tv_nsec,
		 (uintmax_t)st->st_ctim.tv_sec,
		 (unsigned long)st->st_ctim.tv_nsec);
	out->changed = st->st_ctim;
}

bool store_identity_is_same(const struct store_identity *a,
			    const struct store_identity *b)
{
	return strcmp(a->link, b->link) == 0;
}

bool store_identity_is_settled(const struct store_identity *identity,
			       const struct timespec *now)
{
	const struct timespec *changed = &identity->changed;
	int64_t seconds = (int64_t)now->tv_sec - changed->tv_sec;

	if (changed->tv_nsec == 0 || seconds < 0 || seconds > TICK_SECONDS)
		return seconds > TICK_SECONDS;
	return seconds * 1000000000 + now->tv_nsec - changed->tv_nsec > TICK_NS;
}

/* FNV-1a; a shared byte costs only a wait. */
uint64_t store_identity_byte(const struct store_identity *identity)
{
	uint64_t hash = 0xcbf29ce484222325;

	for (const char *at = identity->link; *at; at++)
		hash = (hash ^ (unsigned char)*at) * 0x100000001b3;
	return hash >> 2; /* lengths and offsets are signed */
}

bool store_is_entry_name(const char *name)
{
	return strspn(name, "0123456789abcdef") == 64 &&
	       strcmp(name + 64, ".tar") == 0;
}

int store_index_find(int dir_fd, const struct store_identity *identity,
		     char entry[STORE_ENTRY_SIZE], struct err *err)
{
	ssize_t len =
		readlinkat(dir_fd, identity->link, entry, STORE_ENTRY_SIZE);

	/* EINVAL: not a link */
	if (len < 0 && errno != ENOENT && errno != EINVAL)
		return err_sys(err, errno, "%s", identity->link);
	if (len != STORE_ENTRY_SIZE - 1)
		return 0;
	entry[len] = '\0';
	return store_is_entry_name(entry);
}

int store_index_set(int dir_fd, const struct store_identity *identity,
		    const char *entry, struct err *err)
{
	if (symlinkat(entry, dir_fd, identity->link) == 0)
		return 0;
	/* of an entry that is gone or that was no good */
	if (errno == EEXIST && unlinkat(dir_fd, identity->link, 0) == 0 &&
	    symlinkat(entry, dir_fd, identity->link) == 0)
		return 0;
	return err_sys(err, errno, "%s", identity->link);
}
