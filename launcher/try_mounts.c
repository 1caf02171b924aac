/*
 * Mounts are tried where they are nowhere: they vanish with the process.
 * mount(2) is only asked whether it may: what it mounts has a place, which
 * others might see.
 */
#include "primitive.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "erofs_format.h"
#include "fdio.h"
#include "image_mount.h"
#include "kernel_version.h"
#include "loop_device.h"
#include "mount_calls.h"

#define IMAGE_SIZE 4096 /* a loop device counts in these, or less */
#define MOST_FILE_SYSTEMS 65536 /* bytes of /proc/filesystems */

static const struct mount_option no_options[] = {{NULL, NULL}};

int try_mount_calls(unsigned long unused, char *detail, size_t size)
{
	int fd = mount_make("tmpfs", no_options, 0);

	(void)unused, (void)detail, (void)size;
	return fd < 0 ? fd : 0;
}

int try_detached(unsigned long unused, char *detail, size_t size)
{
	auto_close int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	auto_close int tree = -1;

	(void)unused, (void)detail, (void)size;
	if (root < 0)
		return -errno;
	tree = mount_clone(root, true);
	return tree < 0 ? tree : mount_set(tree, MOUNT_ATTR_RDONLY);
}

/*
 * Whether we may mount is asked before it is looked for what is to be moved,
 * and there is no such thing.
 */
int try_mount(unsigned long unused, char *detail, size_t size)
{
	int error = mount_old("/..jailwright-doctor", "/", NULL, MS_MOVE, NULL);

	(void)unused, (void)detail, (void)size;
	return error == -ENOENT ? 0 : error;
}

/* --- file systems */

static const char *const types[] = {
	[FS_TMPFS] = "tmpfs",	    [FS_DEVPTS] = "devpts",
	[FS_OVERLAY] = "overlay",   [FS_EROFS] = "erofs",
	[FS_SQUASHFS] = "squashfs",
};

/* A line is "nodev\ttmpfs" or "\terofs". */
static int look_into_list(const char *type)
{
	auto_close int fd = open("/proc/filesystems", O_RDONLY | O_CLOEXEC);
	auto_free char *list = NULL;
	char line[32];

	if (fd < 0 || fd_read_all(fd, MOST_FILE_SYSTEMS, &list, NULL) < 0)
		return -ENODEV;
	snprintf(line, sizeof(line), "\t%s\n", type);
	return strstr(list, line) ? 0 : -ENODEV;
}

int try_file_system(unsigned long which, char *detail, size_t size)
{
	int error = mount_knows(types[which]);

	if (error != -ENOSYS)
		return error;
	error = try_mount(0, detail, size);
	if (error == 0)
		error = look_into_list(types[which]);
	if (error == -ENODEV)
		snprintf(detail, size, "not listed in /proc/filesystems");
	return error;
}

/* --- images */

static void put_image(unsigned char image[IMAGE_SIZE])
{
	struct erofs_super super = {
		.magic = htole32(EROFS_MAGIC),
		.feature_compat = htole32(EROFS_COMPAT_CHECKSUM),
		.block_bits = EROFS_BLOCK_BITS,
		.root_nid = htole16(EROFS_ROOT_NID),
		.inodes = htole64(1),
		.blocks = htole32(IMAGE_SIZE / EROFS_BLOCK),
	};
	const struct erofs_inode_compact root = {
		.format = htole16(EROFS_FLAT_PLAIN),
		.mode = htole16(S_IFDIR | 0555),
		.nlink = htole16(2),
		.ino = htole32(1),
	};
	unsigned char *at = image + EROFS_SUPER_OFFSET;

	memset(image, 0, IMAGE_SIZE);
	memcpy(at, &super, sizeof(super));
	memcpy(image + (size_t)EROFS_ROOT_NID * EROFS_SLOT, &root,
	       sizeof(root));
	super.checksum = htole32(erofs_checksum(at));
	memcpy(at, &super, sizeof(super));
}

/*
 * An empty file system in a file without a name.  Not on a tmpfs, if there is
 * anything else: from that the kernel does not mount.
 */
static int open_image(void)
{
	static const char *const places[] = {"/var/lib", "/var/tmp", "/tmp",
					     "/", NULL};
	unsigned char image[IMAGE_SIZE];
	int fd = -1, error = 0;
	size_t i;

	for (i = 0; places[i] && fd < 0; i++)
		fd = open(places[i], O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	put_image(image);
	error = fd_write_full(fd, image, sizeof(image));
	if (error == 0)
		return fd;
	close(fd);
	return error;
}

static int mount_image(const char *source)
{
	const struct mount_option options[] = {
		{"ro", NULL}, {"source", source}, {NULL, NULL}};
	int mount = mount_make("erofs", options, MOUNT_ATTR_NOSUID);

	return mount < 0 ? mount : 0;
}

int try_erofs_file(unsigned long unused, char *detail, size_t size)
{
	auto_close int file = open_image();
	unsigned kernel[2];
	char path[32];

	(void)unused;
	if (file < 0) {
		snprintf(detail, size, "no file to try it with");
		return file;
	}
	mount_fd_path(file, path);
	if (access(path, R_OK) < 0) {
		snprintf(detail, size, "there is no /proc");
		return -ENOENT;
	}
	kernel_version_running(kernel);
	if (!image_needs_no_loop(kernel)) {
		snprintf(detail, size, "the kernel is older than 6.13");
		return -EOPNOTSUPP;
	}
	return mount_image(path);
}

int try_loop(unsigned long unused, char *detail, size_t size)
{
	auto_close int file = open_image();
	auto_close int loop = -1;
	char path[32];

	(void)unused;
	if (file < 0) {
		snprintf(detail, size, "no file to try it with");
		return file;
	}
	loop = loop_open(file, path, sizeof(path));
	if (loop == -ENODEV)
		snprintf(detail, size, "there is no loop device in /dev");
	return loop < 0 ? loop : 0;
}
