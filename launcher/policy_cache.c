#include "policy_cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "directory.h"
#include "fdio.h"
#include "own_dir.h"

#define PLACE "/run/jailwright"
#define DIRECTORY "policies"
#define ENTRY_MODE 0400
#define ENTRY_MOST (SHA256_HEX_SIZE + BPF_MAXINSNS * sizeof(struct sock_filter))
/* More policies than a host has; then all are compiled anew. */
#define ENTRIES_MOST 256

/* --- what an entry is called */

/* With its length, so that no two lists of pieces look the same. */
static void add_piece(struct sha256 *hash, const void *data, size_t size)
{
	uint64_t length = size;

	sha256_add(hash, &length, sizeof(length));
	sha256_add(hash, data, size);
}

static void add_text(struct sha256 *hash, const char *text)
{
	add_piece(hash, text ? text : "", text ? strlen(text) : 0);
}

static void add_lists(struct sha256 *hash, const char *const *lists, size_t n)
{
	add_piece(hash, &n, sizeof(n));
	for (size_t i = 0; i < n; i++)
		add_text(hash, lists[i]);
}

static void add_helper(struct sha256 *hash, const char *helper)
{
	struct stat st = {0};
	int64_t facts[6];

	if (stat(helper, &st) < 0)
		return;
	facts[0] = (int64_t)st.st_dev;
	facts[1] = (int64_t)st.st_ino;
	facts[2] = st.st_size;
	facts[3] = st.st_mtim.tv_sec;
	facts[4] = st.st_ctim.tv_sec;
	facts[5] = st.st_ctim.tv_nsec;
	add_piece(hash, facts, sizeof(facts));
}

void policy_cache_key(const struct policy_request *request, const char *helper,
		      char key[SHA256_HEX_SIZE])
{
	struct utsname host = {0};
	struct sha256 hash;

	uname(&host);
	sha256_init(&hash);
	add_text(&hash, "policy " JAIL_VERSION);
	add_text(&hash, host.release);
	add_helper(&hash, helper);
	add_text(&hash, request->name);
	add_piece(&hash, request->text ? request->text : "",
		  request->text ? request->text_len : 0);
	add_piece(&hash, &request->features, sizeof(request->features));
	add_piece(&hash, &request->caps, sizeof(request->caps));
	add_text(&hash, request->deny_action);
	add_text(&hash, request->open);
	add_lists(&hash, request->allow, request->n_allow);
	add_lists(&hash, request->deny, request->n_deny);
	sha256_hex(&hash, key);
}

/* --- the directory */

static int open_directory(void)
{
	struct err ignored = {0};

	return geteuid() == 0 ? own_dir_open_in(PLACE, DIRECTORY, &ignored)
			      : -1;
}

/* --- reading */

static bool is_ours(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	       st.st_uid == geteuid() && (st.st_mode & 07777) == ENTRY_MODE;
}

static void digest(const char *key, const void *code, size_t size,
		   char out[SHA256_HEX_SIZE])
{
	struct sha256 hash;

	sha256_init(&hash);
	add_text(&hash, key);
	add_piece(&hash, code, size);
	sha256_hex(&hash, out);
}

/* An entry is the digest, a NUL, and instructions. */
static bool is_whole(const char *key, const char *entry, size_t len)
{
	char want[SHA256_HEX_SIZE];

	if (len <= SHA256_HEX_SIZE ||
	    (len - SHA256_HEX_SIZE) % sizeof(struct sock_filter) != 0)
		return false;
	digest(key, entry + SHA256_HEX_SIZE, len - SHA256_HEX_SIZE, want);
	return memcmp(entry, want, SHA256_HEX_SIZE) == 0;
}

bool policy_cache_find(const char *key, struct sock_fprog *program,
		       void **owned)
{
	auto_close int dir = open_directory();
	auto_close int fd = dir < 0 ? -1
				    : openat(dir, key,
					     O_RDONLY | O_NOFOLLOW |
						     O_NONBLOCK | O_CLOEXEC);
	auto_free char *entry = NULL;
	size_t len, size;
	void *code;

	if (fd < 0 || !is_ours(fd) ||
	    fd_read_all(fd, ENTRY_MOST, &entry, &len) < 0 ||
	    !is_whole(key, entry, len))
		return false;
	size = len - SHA256_HEX_SIZE;
	code = malloc(size);
	if (!code)
		return false;
	memcpy(code, entry + SHA256_HEX_SIZE, size);
	program->len = (unsigned short)(size / sizeof(struct sock_filter));
	program->filter = code;
	*owned = code;
	return true;
}

/* --- writing */

/* Also what a killed process left half written. */
static void make_room(int dir_fd)
{
	auto_closedir DIR *dir = directory_list(dir_fd);
	struct dirent *entry;
	size_t n = 0;

	while (dir && readdir(dir))
		n++;
	if (n < ENTRIES_MOST)
		return;
	rewinddir(dir);
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			unlinkat(dir_fd, entry->d_name, 0);
}

static bool write_entry(int fd, const char *key,
			const struct sock_fprog *program)
{
	size_t size = program->len * sizeof(*program->filter);
	char sum[SHA256_HEX_SIZE];

	digest(key, program->filter, size, sum);
	return fd_write_full(fd, sum, sizeof(sum)) == 0 &&
	       fd_write_full(fd, program->filter, size) == 0 &&
	       fchmod(fd, ENTRY_MODE) == 0;
}

/* Under a name of our own first: nobody sees half of an entry. */
void policy_cache_put(const char *key, const struct sock_fprog *program)
{
	auto_close int dir = open_directory();
	auto_close int fd = -1;
	char partial[32];

	if (dir < 0)
		return;
	make_room(dir);
	snprintf(partial, sizeof(partial), "partial-%ld", (long)getpid());
	unlinkat(dir, partial, 0);
	fd = openat(dir, partial, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
		    0600);
	if (fd < 0)
		return;
	if (!write_entry(fd, key, program) ||
	    renameat(dir, partial, dir, key) < 0)
		unlinkat(dir, partial, 0);
}
