#include "store_image.h"

#include <string.h>

#include "fdio.h"
#include "image_trust.h"
#include "packing.h"

static int leave_out(struct err *why_not, const char *words)
{
	err_set(why_not, ERR_NONE, "%s", words);
	return 0;
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
	status = image_trust(image_fd, path, err);
	return status == 0 ? leave_out(why_not, err->msg) : status;
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
