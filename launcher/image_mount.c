#include "image_mount.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "erofs_format.h"
#include "fdio.h"
#include "kernel_version.h"
#include "loop_device.h"
#include "mount_calls.h"

#define SQUASHFS_MAGIC 0x73717368u

struct squashfs_super { /* the part that we look at */
	uint32_t magic, inodes, mkfs_time, block_size, fragments;
	uint16_t compression, block_log, flags, ids, major, minor;
	uint64_t root, bytes;
} __attribute__((packed));

static int unfit(struct err *err, const char *why)
{
	err_set(err, ERR_NONE, "%s", why);
	return 0;
}

static int unfit_errno(struct err *err, int error, const char *what)
{
	if (!mount_is_missing(error))
		return err_sys(err, error, "%s", what);
	err_sys_kind(err, ERR_NONE, error, "%s", what);
	return 0;
}

static int read_at(int file, off_t offset, void *data, size_t size)
{
	ssize_t n = pread(file, data, size, offset);

	return n < 0 ? -errno : (size_t)n == size;
}

/* As blkid prints it. */
static void write_uuid(const uint8_t uuid[16], char out[IMAGE_INDEX_SIZE])
{
	size_t i;

	for (i = 0; i < 16; i++) {
		bool is_group = i == 4 || i == 6 || i == 8 || i == 10;

		out += snprintf(out, 4, is_group ? "-%02x" : "%02x", uuid[i]);
	}
}

static int erofs_form(const void *block, uint64_t size, struct image_form *out,
		      struct err *err)
{
	struct erofs_super super;

	memcpy(&super, block, sizeof(super));
	if (super.block_bits != EROFS_BLOCK_BITS || super.feature_incompat ||
	    super.extra_devices || super.xattr_block || super.dir_block_bits)
		return unfit(err, "its index has features that we do not make");
	if (le32toh(super.checksum) != erofs_checksum(block))
		return unfit(err, "its index is damaged (checksum)");
	out->bytes = (uint64_t)le32toh(super.blocks) * EROFS_BLOCK;
	if (out->bytes != size)
		return unfit(err, "its index is for a file of another size (it "
				  "was cut, or appended to)");
	write_uuid(super.uuid, out->index);
	out->type = "erofs";
	out->magic = EROFS_MAGIC;
	return 1;
}

static int squashfs_form(const struct squashfs_super *super, uint64_t size,
			 struct image_form *out, struct err *err)
{
	out->bytes = le64toh(super->bytes);
	if (le16toh(super->major) != 4 || out->bytes > size)
		return unfit(err, "its squashfs superblock is damaged");
	*out->index = '\0';
	out->type = "squashfs";
	out->magic = SQUASHFS_MAGIC;
	return 1;
}

bool image_is_squashfs(int file)
{
	uint32_t magic;

	return read_at(file, 0, &magic, sizeof(magic)) == 1 &&
	       le32toh(magic) == SQUASHFS_MAGIC;
}

int image_form(int file, struct image_form *out, struct err *err)
{
	unsigned char start[EROFS_SUPER_OFFSET + EROFS_BLOCK];
	const unsigned char *block = start + EROFS_SUPER_OFFSET;
	struct squashfs_super squashfs;
	struct stat st;
	uint32_t magic;
	ssize_t n;

	if (fstat(file, &st) < 0)
		return err_sys(err, errno, "image");
	n = pread(file, start, sizeof(start), 0);
	if (n < 0)
		return err_sys(err, errno, "image");
	memcpy(&squashfs, start, sizeof(squashfs));
	if (n >= (ssize_t)sizeof(squashfs) &&
	    le32toh(squashfs.magic) == SQUASHFS_MAGIC)
		return squashfs_form(&squashfs, (uint64_t)st.st_size, out, err);
	memcpy(&magic, block, sizeof(magic));
	if (n < (ssize_t)sizeof(start) || le32toh(magic) != EROFS_MAGIC)
		return unfit(err, "it has no index");
	return erofs_form(block, (uint64_t)st.st_size, out, err);
}

static int mount_source(const char *type, const char *source)
{
	const struct mount_option options[] = {
		{"ro", NULL}, {"source", source}, {NULL, NULL}};

	return mount_make(type, options, MOUNT_ATTR_NOSUID);
}

static int mount_loop(int file, const struct image_form *form, int *mount,
		      struct err *err)
{
	char path[32];
	auto_close int loop = loop_open(file, path, sizeof(path));

	if (loop < 0)
		return unfit_errno(err, -loop, "no loop device");
	*mount = mount_source(form->type, path);
	if (*mount < 0)
		return unfit_errno(err, -*mount, form->type);
	return 1;
}

bool image_has_erofs(const unsigned kernel[2])
{
	return kernel_version_is_at_least(kernel, 6, 4);
}

bool image_needs_no_loop(const unsigned kernel[2])
{
	return kernel_version_is_at_least(kernel, 6, 13);
}

static bool has_erofs(const struct image_form *form, const unsigned kernel[2],
		      struct err *err)
{
	if (form->magic != EROFS_MAGIC || image_has_erofs(kernel))
		return true;
	unfit(err, "EROFS with blocks of 512 bytes needs Linux 6.4");
	return false;
}

int image_mount(int file, const struct image_form *form, int *mount,
		bool *by_loop, struct err *err)
{
	bool is_erofs = form->magic == EROFS_MAGIC;
	unsigned kernel[2];
	char path[32];

	*by_loop = false;
	kernel_version_running(kernel);
	if (!has_erofs(form, kernel, err))
		return 0;
	if (is_erofs && image_needs_no_loop(kernel)) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
		*mount = mount_source(form->type, path);
		if (*mount >= 0)
			return 1;
		/* ENOENT: no /proc here. */
		if (*mount != -ENOTBLK && *mount != -ENOENT)
			return unfit_errno(err, -*mount, "erofs");
	}
	*by_loop = true;
	return mount_loop(file, form, mount, err);
}

bool image_mount_is_old(int mounted, const struct err *err)
{
	return mounted == 0 && (err->sys == ENOSYS || err->sys == EPERM);
}

int image_mount_at(int file, const struct image_form *form, int dir,
		   const char *name, struct err *err)
{
	char path[32];
	auto_close int loop = -1;
	unsigned kernel[2];
	int error;

	kernel_version_running(kernel);
	if (!has_erofs(form, kernel, err))
		return 0;
	loop = loop_open(file, path, sizeof(path));
	if (loop < 0)
		return unfit_errno(err, -loop, "no loop device");
	error = mount_old_at(path, dir, name, form->type,
			     MS_RDONLY | MS_NOSUID);
	return error < 0 ? unfit_errno(err, -error, form->type) : 1;
}
