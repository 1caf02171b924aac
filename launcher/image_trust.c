#include "image_trust.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"

static int distrust(struct err *err, const char *path, const char *why)
{
	err_set(err, ERR_NONE, "%s %s", path, why);
	return 0;
}

static bool is_foreign(const struct stat *st)
{
	return st->st_uid != 0 && st->st_uid != geteuid();
}

static int trust_file(int file, const struct stat *st, const char *path,
		      struct err *err)
{
	if (is_foreign(st))
		return distrust(err, path, "belongs neither to root nor to us");
	if (st->st_mode & 022)
		return distrust(err, path, "can be written by others");
	/*
	 * A lease to read is given only when nobody has it open to write.  Who
	 * opens it to write meanwhile breaks the lease, and SIGIO would end us:
	 * SIGURG is ignored unless somebody asked for it.  The kernel forgets
	 * the choice with the lease.
	 */
	fcntl(file, F_SETSIG, SIGURG);
	if (fcntl(file, F_SETLEASE, F_RDLCK) < 0) {
		if (errno == EAGAIN)
			return distrust(err, path, "is open for writing");
		return 1; /* a file system without leases */
	}
	fcntl(file, F_SETLEASE, F_UNLCK);
	return 1;
}

static int trust_directory(const char *path, struct err *err)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return err_sys(err, errno, "%s", path);
	if (is_foreign(&st))
		return distrust(err, path, "belongs neither to root nor to us");
	if ((st.st_mode & 022) && !(st.st_mode & S_ISVTX))
		return distrust(err, path, "can be written by others");
	return 1;
}

/* Every directory above a path without links; path is cut and mended. */
static int trust_directories(char *path, struct err *err)
{
	char *slash;
	int trusted;

	for (slash = strrchr(path, '/'); slash && slash != path;
	     slash = strrchr(path, '/')) {
		*slash = '\0';
		trusted = trust_directory(path, err);
		if (trusted != 1)
			return trusted;
	}
	return trust_directory("/", err);
}

int image_trust(int file, const char *path, struct err *err)
{
	auto_free char *real = realpath(path, NULL);
	struct stat st, there;
	int trusted;

	if (fstat(file, &st) < 0)
		return err_sys(err, errno, "-i %s", path);
	if (!real || stat(real, &there) < 0 || there.st_dev != st.st_dev ||
	    there.st_ino != st.st_ino)
		return distrust(err, path, "was replaced meanwhile");
	trusted = trust_file(file, &st, path, err);
	return trusted == 1 ? trust_directories(real, err) : trusted;
}

bool image_owner_is_trusted(const struct stat *st)
{
	return !is_foreign(st) && !(st->st_mode & 022);
}
