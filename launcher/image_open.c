#include "image_open.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "copy_in.h"
#include "devices.h"
#include "helper.h"
#include "image_mount.h"
#include "image_trust.h"
#include "pin.h"
#include "private_dir.h"
#include "rootfd.h"
#include "store_image.h"

#define MANIFEST "/.jail/manifest"
#define MAX_MANIFEST (4 << 20)

static int open_file(const char *path, struct err *err)
{
	auto_close int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	struct stat st;

	if (fd < 0 && strcmp(path, "-") == 0)
		return err_set(err, ERR_USAGE,
			       "-i -: an image has to be a file, not a pipe");
	if (fd < 0)
		return err_sys_kind(err, ERR_USAGE, errno, "-i %s", path);
	if (fstat(fd, &st) < 0)
		return err_sys(err, errno, "-i %s", path);
	if (S_ISDIR(st.st_mode))
		return err_set(err, ERR_USAGE,
			       "-i %s: a directory (give it by -r)", path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_USAGE,
			       "-i %s: not a regular file; save the image in "
			       "one first",
			       path);
	return take_fd(&fd);
}

/* A compressed image's plain tar, if the store has it or can get it. */
static int look_in_store(const char *store, int file, struct image *image,
			 struct err *err)
{
	struct err why_not = {0};
	int status = store_image(store, file, image->name, &image->stored,
				 &why_not, err);

	image->is_stored = status > 0;
	if (status != 0)
		return status < 0 ? -1 : 0;
	*err = (struct err){0};
	image->stored.fd = -1;
	image->why_not_stored = strdup(why_not.msg);
	return image->why_not_stored ? 0 : err_sys(err, ENOMEM, "image");
}

static int unpack_there(int file, const char *helper,
			struct unpack_places *places, struct image *image,
			struct err *err)
{
	struct unpack_job job = {
		.image_fd = file, .name = image->name, .helper = helper};

	if (private_dir_make(places, &image->dir, err) < 0)
		return -1;
	job.dir_fd = private_dir_fd(image->dir);
	job.held = private_dir_held(image->dir);
	if (unpack_image(&job, &image->unpacked, err) < 0)
		return -1;
	image->root_fd = fcntl(job.dir_fd, F_DUPFD_CLOEXEC, 3);
	return image->root_fd < 0 ? err_sys(err, errno, "%s", image->name) : 0;
}

/* What a compressed image needs is known when there is no room for it. */
static int unpack(int file, struct image *image, struct err *err)
{
	struct unpack_places places = {0};
	auto_free char *helper = NULL;
	struct stat st;
	int result;

	image->way = IMAGE_UNPACKED;
	if (fstat(file, &st) == 0 && S_ISREG(st.st_mode))
		places.bytes = (uint64_t)st.st_size;
	if (helper_find("jail-unpack", &helper, err) < 0)
		return -1;
	result = unpack_there(file, helper, &places, image, err);
	while (result < 0 && (err->sys == ENOSPC || err->sys == EDQUOT)) {
		unpack_place_refuse(&places, err->msg);
		private_dir_free(TAKE(image->dir));
		*err = (struct err){0};
		result = unpack_there(file, helper, &places, image, err);
	}
	return result;
}

static int not_mounted(struct image *image, const char *why)
{
	err_set(&image->why, ERR_NONE, "%s", why);
	return 0;
}

static int pin_image(const struct image_request *request, int file,
		     const struct image_form *form, struct image *image,
		     struct err *err)
{
	auto_free char *path = NULL;

	if (!image->is_stored)
		return pin_open(file, request->file, form, &image->root_fd,
				&image->by_loop, err);
	if (asprintf(&path, "%s/%s.tar",
		     request->store ? request->store : STORE_DEFAULT,
		     image->stored.digest) < 0)
		return err_sys(err, ENOMEM, "image");
	return pin_open(file, path, form, &image->root_fd, &image->by_loop,
			err);
}

/* On a directory of this launch's, which takes the mount along. */
static int mount_in_private(int file, const struct image_form *form,
			    struct image *image, struct err *err)
{
	struct unpack_places places = {0};
	struct err why = *err;
	int dir, done;

	if (private_dir_make(&places, &image->dir, err) < 0)
		return -1;
	dir = private_dir_fd(image->dir);
	if (mkdirat(dir, PRIVATE_MOUNT, 0700) < 0)
		return err_sys(err, errno, "make a place for the mount");
	done = image_mount_at(file, form, dir, PRIVATE_MOUNT, err);
	if (done == 1) {
		image->by_loop = true;
		image->root_fd = openat(dir, PRIVATE_MOUNT,
					O_PATH | O_DIRECTORY | O_CLOEXEC);
		return image->root_fd < 0 ? err_sys(err, errno, "mount") : 1;
	}
	private_dir_free(TAKE(image->dir));
	if (done == 0)
		*err = why;
	return done;
}

/* 1, 0 or -1, as image_mount(). */
static int mount_somehow(const struct image_request *request, int file,
			 struct image *image, struct err *err)
{
	struct image_form form;
	int done = image_form(file, &form, err);

	if (done != 1)
		return done;
	memcpy(image->index, form.index, sizeof(image->index));
	image->way = IMAGE_PIN;
	if (!request->no_pin) {
		image->root_fd = pin_find(file, &form);
		if (image->root_fd >= 0)
			return 1;
	}
	/* What is in the store came from an image that was trusted. */
	if (!image->is_stored)
		done = image_trust(file, request->file, err);
	if (done != 1)
		return done;
	if (!request->no_pin) {
		done = pin_image(request, file, &form, image, err);
		if (done != 0)
			return done;
		image->why = *err;
	}
	image->way = IMAGE_MOUNT;
	if (request->no_detached)
		return mount_in_private(file, &form, image, err);
	done = image_mount(file, &form, &image->root_fd, &image->by_loop, err);
	return image_mount_is_old(done, err)
		       ? mount_in_private(file, &form, image, err)
		       : done;
}

/* Has the mounted image a place to mount devices on? */
static int look_at_devices(struct image *image, struct err *err)
{
	auto_close int dev = root_open_nolinks(image->root_fd, "/dev",
					       O_PATH | O_DIRECTORY, 0);

	if (dev >= 0 || strcmp(image->devices, "none") == 0)
		return 1;
	if (dev != -ENOENT && dev != -ENOTDIR && dev != -ELOOP)
		return err_sys(err, -dev, "%s:/dev", image->name);
	close(image->root_fd);
	image->root_fd = -1;
	private_dir_free(TAKE(image->dir));
	return not_mounted(image, "it has no /dev");
}

/* 1: root_fd is open; 0: image->why says why not; -1. */
static int try_mount(const struct image_request *request, int file,
		     struct image *image, struct err *err)
{
	struct err words = {0};
	int mounted;

	if (request->no_mount)
		return not_mounted(image, request->no_mount);
	if (devices_parse(image->devices, err) < 0)
		return -1;
	if (request->copies.n)
		return not_mounted(image, "--copy changes it");
	if (geteuid() != 0)
		return not_mounted(image, "only root can");
	mounted = mount_somehow(request, file, image, &words);
	if (mounted < 0) {
		*err = words;
		return err_context(err, "-i %s", request->file);
	}
	if (mounted == 1)
		return look_at_devices(image, err);
	image->why = words;
	return 0;
}

static int read_manifest(struct image *image, struct err *err)
{
	auto_free char *text = NULL, *name = NULL;
	size_t len;
	int error = root_read_file(image->root_fd, MANIFEST, MAX_MANIFEST,
				   &text, &len);

	if (error == -ENOENT || error == -ENOTDIR)
		return 0; /* a plain archive: all is said by flags */
	if (error == -EINVAL)
		return err_set(err, ERR_INPUT, "%s:%s: not a regular file",
			       image->name, MANIFEST);
	if (error < 0)
		return err_sys_kind(err, ERR_INPUT, -error, "%s:%s",
				    image->name, MANIFEST);
	if (asprintf(&name, "%s:%s", image->name, MANIFEST) < 0)
		return err_sys(err, ENOMEM, "%s", image->name);
	return manifest_read_launch(text, len, name, &image->manifest, err);
}

/* What only an image can have. */
static int check_directory(const struct image_request *request, struct err *err)
{
	if (request->copies.n)
		return err_set(err, ERR_USAGE,
			       "--copy needs -i: with -r it would change your "
			       "own directory %s",
			       request->root);
	if (request->store || request->no_pin)
		return err_set(err, ERR_USAGE,
			       "%s needs -i: of the directory of -r nothing is "
			       "kept",
			       request->store ? "--store" : "--no-pin");
	return 0;
}

static int open_directory(const struct image_request *request,
			  struct image *image, struct err *err)
{
	const char *path = request->root;

	image->name = path;
	if (check_directory(request, err) < 0)
		return -1;
	image->root_fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (image->root_fd < 0 && errno == ENOTDIR)
		return err_set(err, ERR_USAGE,
			       "-r %s: not a directory (an image is given by "
			       "-i)",
			       path);
	if (image->root_fd < 0)
		return err_sys_kind(err, ERR_USAGE, errno, "-r %s", path);
	if (request->devices &&
	    devices_check(image->root_fd, path, request->devices, err) < 0)
		return -1;
	return read_manifest(image, err);
}

/* Of all forms, this one has no other way. */
static int refuse_squashfs(const struct image *image, struct err *err)
{
	return err_set(err, ERR_INPUT,
		       "-i %s: a squashfs can only be mounted, and here it "
		       "cannot: %s (jailbuild -o NAME.tar makes an image that "
		       "can be unpacked, too)",
		       image->name, image->why.msg);
}

static int unpack_and_change(const struct image_request *request, int file,
			     struct image *image, struct err *err)
{
	size_t i;

	if (unpack(file, image, err) < 0 ||
	    devices_make(image->root_fd, image->devices, err) < 0)
		return -1;
	for (i = 0; i < request->copies.n; i++)
		if (copy_in(image->root_fd, request->copies.items[i], err) < 0)
			return -1;
	return 0;
}

static int open_image(const struct image_request *request, struct image *image,
		      struct err *err)
{
	auto_close int file = open_file(request->file, err);
	int mounted, tar;

	image->name = request->file;
	image->devices = request->devices;
	if (!image->devices)
		image->devices = request->has_terminal ? DEVICES_DEFAULT ",tty"
						       : DEVICES_DEFAULT;
	if (file < 0 || look_in_store(request->store, file, image, err) < 0)
		return -1;
	tar = image->is_stored ? image->stored.fd : file;
	mounted = try_mount(request, tar, image, err);
	if (mounted == 0 && image_is_squashfs(tar))
		return refuse_squashfs(image, err);
	if (mounted < 0 ||
	    (mounted == 0 && unpack_and_change(request, tar, image, err) < 0))
		return -1;
	return read_manifest(image, err);
}

int image_open(const struct image_request *request, struct image *out,
	       struct err *err)
{
	*out = (struct image){.root_fd = -1, .stored.fd = -1};
	if (request->file && request->root)
		return err_set(err, ERR_USAGE, "-i and -r: one, not both");
	if (!request->file && !request->root)
		return err_set(err, ERR_USAGE,
			       "no root: say -i IMAGE or -r DIR, before the "
			       "program (--help)");
	if ((request->file ? open_image : open_directory)(request, out, err) ==
	    0)
		return 0;
	image_release(out);
	return -1;
}

const char *image_way_words(const struct image *image)
{
	static const char *const words[] = {
		[IMAGE_DIRECTORY] = "a directory",
		[IMAGE_PIN] = "a mount that the image's jails share",
		[IMAGE_MOUNT] = "a mount of its own",
		[IMAGE_UNPACKED] = "unpacked into a private directory",
	};

	return words[image->way];
}

int image_close(struct image *image, struct err *err)
{
	return image && image->dir ? private_dir_remove(image->dir, err) : 0;
}

void image_release(struct image *image)
{
	if (!image)
		return;
	if (image->root_fd >= 0)
		close(image->root_fd);
	if (image->stored.fd >= 0)
		close(image->stored.fd);
	free(image->why_not_stored);
	private_dir_free(image->dir);
	manifest_free(image->manifest);
}
