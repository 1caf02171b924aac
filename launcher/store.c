#include "store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "directory.h"
#include "fdio.h"
#include "helper.h"
#include "store_index.h"
#include "unpack.h"

#define PARTIAL "partial-"
#define ENTRY_MODE 0444

/* An entry on its way into the store. */
struct adding {
	struct store_identity identity;
	struct timespec started;
	int fd;
	char partial[sizeof(PARTIAL) + 16]; /* "": the file has no name */
	char entry[STORE_ENTRY_SIZE];
};

/* Reading and writing lock the same way; length 0: to the end. */
static int lock_bytes(int fd, short type, uint64_t start, uint64_t length,
		      bool may_wait)
{
	struct flock lock = {.l_type = type,
			     .l_whence = SEEK_SET,
			     .l_start = (off_t)start,
			     .l_len = (off_t)length};
	int status;

	do {
		status =
			fcntl(fd, may_wait ? F_OFD_SETLKW : F_OFD_SETLK, &lock);
	} while (status < 0 && errno == EINTR);
	return status;
}

/* --- the directory */

static int check_directory(int fd, const char *path, struct err *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_sys_kind(err, ERR_HOST, errno, "store %s", path);
	if (st.st_uid != geteuid() || (st.st_mode & 077) != 0)
		return err_set(err, ERR_HOST,
			       "store %s is not root's alone (owner %u, mode "
			       "%03o): chown root and chmod 700 it, or name "
			       "another by --store",
			       path, st.st_uid, st.st_mode & 0777);
	return 0;
}

static int make_directory(const char *path, struct err *err)
{
	auto_free char *copy = strdup(path);

	if (!copy)
		return err_sys(err, ENOMEM, "store %s", path);
	if (mkdir(path, 0700) == 0 || errno == EEXIST)
		return 0;
	if (errno == ENOENT &&
	    (mkdir(dirname(copy), 0700) == 0 || errno == EEXIST) &&
	    (mkdir(path, 0700) == 0 || errno == EEXIST))
		return 0;
	return err_sys_kind(err, ERR_HOST, errno, "make store %s", path);
}

int store_open_existing(const char *path, struct store **out, struct err *err)
{
	auto_of(store) struct store *store = calloc(1, sizeof(*store));

	if (!store)
		return err_sys(err, ENOMEM, "store %s", path);
	store->lock_fd = -1;
	store->path = strdup(path);
	store->dir_fd =
		open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (!store->path)
		return err_sys(err, ENOMEM, "store %s", path);
	*out = NULL;
	if (store->dir_fd < 0 && errno == ENOENT)
		return 0;
	if (store->dir_fd < 0)
		return err_sys_kind(err, ERR_HOST, errno, "store %s", path);
	if (check_directory(store->dir_fd, path, err) < 0)
		return -1;
	*out = TAKE(store);
	return 0;
}

int store_open(const char *path, struct store **out, struct err *err)
{
	if (geteuid() != 0)
		return err_set(err, ERR_HOST, "store %s: only root has a store",
			       path);
	if (store_open_existing(path, out, err) < 0)
		return -1;
	if (*out)
		return 0;
	if (make_directory(path, err) < 0 ||
	    store_open_existing(path, out, err) < 0)
		return -1;
	return *out ? 0 : err_sys_kind(err, ERR_HOST, ENOENT, "store %s", path);
}

void store_free(struct store *store)
{
	if (!store)
		return;
	if (store->dir_fd >= 0)
		close(store->dir_fd);
	if (store->lock_fd >= 0)
		close(store->lock_fd);
	free(store->path);
	free(store);
}

/* Only who adds needs the lock: a store that cannot be written can be read. */
static int open_lock(struct store *store, struct err *err)
{
	if (store->lock_fd < 0)
		store->lock_fd =
			openat(store->dir_fd, "lock",
			       O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	return store->lock_fd < 0 ? err_sys_kind(err, ERR_HOST, errno,
						 "store %s/lock", store->path)
				  : 0;
}

/* --- entries */

/*
 * Whoever wrote into it (only root can) also changed its time; it is then no
 * longer what its name says.
 */
static bool is_intact(const struct stat *st)
{
	return S_ISREG(st->st_mode) && st->st_uid == geteuid() &&
	       (st->st_mode & 07777) == ENTRY_MODE && st->st_size > 0 &&
	       st->st_mtim.tv_sec == 0 && st->st_mtim.tv_nsec == 0;
}

int store_entry_open(const struct store *store, const char *name,
		     struct stored *out, struct err *err)
{
	auto_close int fd = -1;
	struct stat st;

	if (!store_is_entry_name(name))
		return 0;
	fd = openat(store->dir_fd, name,
		    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 && (errno == ENOENT || errno == ELOOP))
		return 0;
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(err, errno, "store %s/%s", store->path, name);
	if (!is_intact(&st))
		return 0;
	/* who holds it exclusively (prune, for an instant) removes a name, not
	 * what we read */
	while (flock(fd, LOCK_SH) < 0)
		if (errno != EINTR)
			return err_sys(err, errno, "store %s/%s", store->path,
				       name);
	*out = (struct stored){.fd = take_fd(&fd),
			       .size = (uint64_t)st.st_size};
	memcpy(out->digest, name, sizeof(out->digest) - 1);
	return 1;
}

static int find(const struct store *store,
		const struct store_identity *identity, struct stored *out,
		struct err *err)
{
	char entry[STORE_ENTRY_SIZE];
	int status = store_index_find(store->dir_fd, identity, entry, err);

	if (status < 0)
		return err_context(err, "store %s", store->path);
	return status ? store_entry_open(store, entry, out, err) : 0;
}

/* --- adding */

static int create_file(const struct store *store, struct adding *adding,
		       struct err *err)
{
	adding->fd = openat(store->dir_fd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC,
			    0600);
	if (adding->fd >= 0)
		return 0;
	if (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)
		return err_sys(err, errno, "store %s", store->path);
	/* the lock's byte is ours, and so is this name */
	snprintf(adding->partial, sizeof(adding->partial), PARTIAL "%016jx",
		 (uintmax_t)store_identity_byte(&adding->identity));
	unlinkat(store->dir_fd, adding->partial, 0);
	adding->fd = openat(store->dir_fd, adding->partial,
			    O_CREAT | O_EXCL | O_NOFOLLOW | O_RDWR | O_CLOEXEC,
			    0600);
	if (adding->fd >= 0)
		return 0;
	err_sys(err, errno, "store %s/%s", store->path, adding->partial);
	*adding->partial = '\0';
	return -1;
}

static int fill_file(const struct store *store, struct adding *adding,
		     int image_fd, const char *name, struct err *err)
{
	auto_free char *helper = NULL;
	char hex[SHA256_HEX_SIZE];
	struct sha256 hash;
	uint64_t size;
	struct unpack_job job = {
		.image_fd = image_fd, .name = name, .dir_fd = store->dir_fd};

	if (helper_find("jail-unpack", &helper, err) < 0)
		return -1;
	job.helper = helper;
	sha256_init(&hash);
	if (unpack_plain(&job, adding->fd, &hash, &size, err) < 0)
		return -1;
	sha256_hex(&hash, hex);
	snprintf(adding->entry, sizeof(adding->entry), "%s.tar", hex);
	return 0;
}

/* What was read is what has this identity: it did not change meanwhile. */
static int check_unchanged(const struct adding *adding, int image_fd,
			   const char *name, struct err *err)
{
	struct store_identity identity;
	struct stat st;

	if (fstat(image_fd, &st) < 0)
		return err_sys(err, errno, "%s", name);
	store_identify(&st, &identity);
	if (store_identity_is_same(&identity, &adding->identity))
		return 0;
	return err_set(err, ERR_INPUT, "%s: changed while it was read", name);
}

static int link_unnamed(const struct store *store, const struct adding *adding)
{
	char self[40];

	if (linkat(adding->fd, "", store->dir_fd, adding->entry,
		   AT_EMPTY_PATH) == 0)
		return 0;
	if (errno != ENOENT) /* not allowed, before 6.10 without a capability */
		return -1;
	snprintf(self, sizeof(self), "/proc/self/fd/%d", adding->fd);
	return linkat(AT_FDCWD, self, store->dir_fd, adding->entry,
		      AT_SYMLINK_FOLLOW);
}

/* Under its name; an intact entry of that name has the same bytes and stays. */
static int name_file(const struct store *store, struct adding *adding,
		     struct err *err)
{
	struct stored other;
	int status = store_entry_open(store, adding->entry, &other, err);

	if (status < 0)
		return -1;
	if (status > 0) {
		close(other.fd);
		return 0;
	}
	if (*adding->partial) {
		status = renameat(store->dir_fd, adding->partial, store->dir_fd,
				  adding->entry);
		if (status == 0)
			*adding->partial = '\0';
	} else {
		status = link_unnamed(store, adding);
		/* another image with the same tar, or one that was touched */
		if (status < 0 && errno == EEXIST &&
		    unlinkat(store->dir_fd, adding->entry, 0) == 0)
			status = link_unnamed(store, adding);
	}
	if (status < 0 && errno != EEXIST)
		return err_sys(err, errno, "store %s/%s", store->path,
			       adding->entry);
	return 0;
}

static int finish_file(const struct store *store, struct adding *adding,
		       struct err *err)
{
	const struct timespec times[2] = {{0, UTIME_NOW}, {0, 0}};

	if (fchmod(adding->fd, ENTRY_MODE) < 0 ||
	    futimens(adding->fd, times) < 0 || fsync(adding->fd) < 0)
		return err_sys(err, errno, "store %s: write %s", store->path,
			       adding->entry);
	if (name_file(store, adding, err) < 0)
		return -1;
	if (fsync(store->dir_fd) < 0)
		return err_sys(err, errno, "store %s", store->path);
	return 0;
}

/* Only what is certain is remembered; else the next launch decompresses. */
static int remember(const struct store *store, const struct adding *adding,
		    struct err *err)
{
	if (!store_identity_is_settled(&adding->identity, &adding->started))
		return 0;
	if (store_index_set(store->dir_fd, &adding->identity, adding->entry,
			    err) < 0)
		return err_context(err, "store %s", store->path);
	return 0;
}

static int add(const struct store *store, struct adding *adding, int image_fd,
	       const char *name, struct stored *out, struct err *err)
{
	int status;

	if (create_file(store, adding, err) < 0 ||
	    fill_file(store, adding, image_fd, name, err) < 0 ||
	    check_unchanged(adding, image_fd, name, err) < 0 ||
	    finish_file(store, adding, err) < 0 ||
	    remember(store, adding, err) < 0)
		return -1;
	status = store_entry_open(store, adding->entry, out, err);
	if (status == 0)
		return err_set(err, ERR_SYSTEM,
			       "store %s: %s vanished as it was made",
			       store->path, adding->entry);
	out->is_new = status > 0;
	return status > 0 ? 0 : -1;
}

static int add_locked(const struct store *store, struct adding *adding,
		      int image_fd, const char *name, struct stored *out,
		      struct err *err)
{
	int status = find(store, &adding->identity, out, err);

	if (status != 0) /* another made it while we waited, or it failed */
		return status < 0 ? -1 : 0;
	status = add(store, adding, image_fd, name, out, err);
	if (adding->fd >= 0)
		close(adding->fd);
	if (*adding->partial)
		unlinkat(store->dir_fd, adding->partial, 0);
	return status;
}

int store_put(struct store *store, int image_fd, const char *name,
	      struct stored *out, struct err *err)
{
	struct adding adding = {.fd = -1};
	struct stat st;
	uint64_t byte;
	int status;

	/* the clock before the file, and the file before its content */
	clock_gettime(CLOCK_REALTIME, &adding.started);
	if (fstat(image_fd, &st) < 0)
		return err_sys(err, errno, "%s", name);
	store_identify(&st, &adding.identity);
	status = find(store, &adding.identity, out, err);
	if (status != 0)
		return status < 0 ? -1 : 0;
	if (open_lock(store, err) < 0)
		return -1;
	store_sweep(store);
	byte = store_identity_byte(&adding.identity);
	if (lock_bytes(store->lock_fd, F_WRLCK, byte, 1, true) < 0)
		return err_sys(err, errno, "lock store %s", store->path);
	status = add_locked(store, &adding, image_fd, name, out, err);
	lock_bytes(store->lock_fd, F_UNLCK, byte, 1, true);
	return status;
}

/* --- sweeping */

static bool is_unfinished(const char *name)
{
	return strncmp(name, PARTIAL, strlen(PARTIAL)) == 0 ||
	       strncmp(name, UNPACK_NOWHERE, strlen(UNPACK_NOWHERE)) == 0;
}

/* Best effort: what cannot be removed now is met again. */
void store_sweep(const struct store *store)
{
	auto_close int lock_fd =
		openat(store->dir_fd, "lock", O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	auto_closedir DIR *dir = directory_list(store->dir_fd);
	struct dirent *entry;

	if (!dir || lock_fd < 0 ||
	    lock_bytes(lock_fd, F_WRLCK, 0, 0, false) < 0)
		return;
	while ((entry = readdir(dir)))
		if (is_unfinished(entry->d_name) &&
		    unlinkat(store->dir_fd, entry->d_name, 0) < 0 &&
		    errno == EISDIR)
			unlinkat(store->dir_fd, entry->d_name, AT_REMOVEDIR);
}
