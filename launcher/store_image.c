#include "store_image.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fdio.h"
#include "packing.h"

static int leave_out(struct err *why_not, const char *words)
{
	err_set(why_not, ERR_NONE, "%s", words);
	return 0;
}

static bool is_roots(const struct stat *st)
{
	return st->st_uid == 0 && (st->st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

/* The directory matters because anybody may link a file of root's, such as a
 * log with words of his own, into a directory of his. */
static int is_trusted(int image_fd, const char *path, struct err *err)
{
	auto_free char *copy = strdup(path);
	struct stat file, dir;

	if (!copy)
		return err_sys(err, ENOMEM, "%s", path);
	if (fstat(image_fd, &file) < 0 || stat(dirname(copy), &dir) < 0)
		return err_sys(err, errno, "%s", path);
	return S_ISREG(file.st_mode) && is_roots(&file) && is_roots(&dir);
}

static int is_compressed(int image_fd, const char *path, struct err *err)
{
	uint8_t prefix[PACKING_PREFIX];
	ssize_t n = fd_pread_full(image_fd, prefix, sizeof(prefix), 0);

	if (n < 0)
		return err_sys(err, (int)-n, "%s", path);
	return packing_of(prefix, (size_t)n) != PACKING_NONE;
}

/* 1: the store is wanted. */
static int is_wanted(const char *dir, int image_fd, const char *path,
		     struct err *why_not, struct err *err)
{
	int status = is_compressed(image_fd, path, err);

	if (status < 0)
		return -1;
	if (status == 0)
		return leave_out(why_not, "the image is not compressed");
	if (dir && strcmp(dir, STORE_NONE) == 0)
		return leave_out(why_not, "--store none");
	status = is_trusted(image_fd, path, err);
	if (status == 0)
		return leave_out(why_not, "others than root can write the "
					  "image or its directory");
	return status;
}

int store_image(const char *dir, int image_fd, const char *path,
		struct stored *out, struct err *why_not, struct err *err)
{
	auto_of(store) struct store *store = NULL;
	int status = is_wanted(dir, image_fd, path, why_not, err);

	if (status <= 0)
		return status;
	if (store_open(dir ? dir : STORE_DEFAULT, &store, err) < 0) {
		if (dir)
			return -1;
		return leave_out(why_not, err->msg);
	}
	if (store_put(store, image_fd, path, out, err) == 0)
		return 1;
	if (err->kind == ERR_INPUT)
		return -1;
	return leave_out(why_not, err->msg);
}
