#include "image_open.h"

#include <errno.h>
#include <fcntl.h>

static int open_directory(const char *path, struct image *image,
			  struct err *err)
{
	image->name = path;
	image->root_fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (image->root_fd < 0 && errno == ENOTDIR)
		return err_set(err, ERR_USAGE,
			       "-r %s: not a directory (an image is given by "
			       "-i)",
			       path);
	if (image->root_fd < 0)
		return err_sys_kind(err, ERR_USAGE, errno, "-r %s", path);
	return 0;
}

int image_open(const struct image_request *request, struct image **out,
	       struct err *err)
{
	auto_of(image) struct image *image = calloc(1, sizeof(*image));

	if (!image)
		return err_sys(err, ENOMEM, "image");
	image->root_fd = -1;
	if (request->file && request->root)
		return err_set(err, ERR_USAGE,
			       "-i and -r: one of them, not both");
	if (!request->file && !request->root)
		return err_set(err, ERR_USAGE,
			       "no root: say -i IMAGE or -r DIR (--help)");
	if (request->file)
		return err_set(err, ERR_USAGE, "-i is not built yet");
	if (request->copies.n)
		return err_set(err, ERR_USAGE,
			       "--copy needs -i: with -r it would change your "
			       "directory %s",
			       request->root);
	if (open_directory(request->root, image, err) < 0)
		return -1;
	*out = TAKE(image);
	return 0;
}

void image_free(struct image *image)
{
	if (!image)
		return;
	if (image->root_fd >= 0)
		close(image->root_fd);
	free(image);
}
