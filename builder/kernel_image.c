#include "kernel_image.h"

#include <elf.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "fdio.h"
#include "kernel_unwrap.h"

/* Documentation/arch/x86/boot.rst of the kernel: offsets in the file. */
enum {
	X86_HEAD = 0x300,
	X86_SETUP_SECTORS = 0x1f1,
	X86_BOOT_FLAG = 0x1fe,
	X86_MAGIC = 0x202, /* "HdrS" */
	X86_PROTOCOL = 0x206,
	X86_VERSION = 0x20e, /* offset of a text, less 0x200 */
	X86_LOADFLAGS = 0x211,
	X86_XLOADFLAGS = 0x236,
	X86_LOADED_HIGH = 1,
	X86_64 = 1,
	X86_PROTOCOL_LEAST = 0x20c, /* the first that has xloadflags */
	SECTOR = 512,
};

/* Documentation/arch/arm64/booting.rst. */
enum {
	ARM_TEXT_OFFSET = 8,
	ARM_MAGIC = 56,
	ARM_PIECE = 1 << 16,
	ARM_SCAN_MAX = 256 << 20, /* for the version: far behind any kernel */
};

const char *kernel_machine_name(uint16_t machine)
{
	return machine == EM_AARCH64  ? "aarch64"
	       : machine == EM_X86_64 ? "x86_64"
				      : "another machine";
}

static int refuse(const struct kernel_image *kernel, const char *words,
		  struct err *err)
{
	return err_set(err, ERR_INPUT, "%s: %s", kernel->name, words);
}

/* Bytes of the image; beyond its end: 0. */
static int read_part(const struct kernel_image *kernel, off_t at, void *data,
		     size_t len, size_t *got, struct err *err)
{
	ssize_t n = 0;

	if (at < kernel->size) {
		if ((off_t)len > kernel->size - at)
			len = (size_t)(kernel->size - at);
		n = fd_pread_full(kernel->fd, data, len, kernel->offset + at);
	}
	if (n < 0)
		return err_sys_kind(err, ERR_INPUT, (int)-n, "%s",
				    kernel->name);
	*got = (size_t)n;
	return 0;
}

static uint16_t get16(const unsigned char *at)
{
	return (uint16_t)(at[0] | at[1] << 8);
}

/* The first word of a text that need not end. */
static void set_version(struct kernel_image *kernel, const char *text,
			size_t len)
{
	size_t n = 0;

	while (n < len && n < sizeof(kernel->version) - 1 && text[n] > ' ' &&
	       text[n] < 127)
		n++;
	if (n == 0)
		return;
	memcpy(kernel->version, text, n);
	kernel->version[n] = '\0';
}

static int read_x86_version(struct kernel_image *kernel,
			    const unsigned char *head, struct err *err)
{
	unsigned sectors =
		head[X86_SETUP_SECTORS] ? head[X86_SETUP_SECTORS] : 4;
	unsigned at = get16(head + X86_VERSION) + 0x200u;
	char text[KERNEL_VERSION_MAX];
	size_t got;

	if (at == 0x200 || at >= (sectors + 1) * SECTOR)
		return 0;
	if (read_part(kernel, at, text, sizeof(text), &got, err) < 0)
		return -1;
	set_version(kernel, text, got);
	return 0;
}

static int look_at_x86(struct kernel_image *kernel, const unsigned char *head,
		       struct err *err)
{
	kernel->machine = EM_X86_64;
	if (get16(head + X86_PROTOCOL) < X86_PROTOCOL_LEAST)
		return refuse(kernel,
			      "a bzImage of a boot protocol before 2.12, too "
			      "old for an enclave",
			      err);
	if (!(head[X86_LOADFLAGS] & X86_LOADED_HIGH))
		return refuse(kernel, "a zImage; an enclave needs a bzImage",
			      err);
	if (!(head[X86_XLOADFLAGS] & X86_64))
		return refuse(kernel, "a kernel of 32 bits", err);
	return read_x86_version(kernel, head, err);
}

/* The banner that the kernel prints first. */
static int find_arm_version(struct kernel_image *kernel, struct err *err)
{
	static const char banner[] = "Linux version ";
	enum { OVERLAP = KERNEL_VERSION_MAX + sizeof(banner) };
	auto_free char *piece = malloc(ARM_PIECE + OVERLAP);
	size_t got = ARM_PIECE;

	if (!piece)
		return err_sys(err, ENOMEM, "%s", kernel->name);
	for (off_t at = 0; got >= ARM_PIECE && at < ARM_SCAN_MAX;
	     at += ARM_PIECE) {
		const char *from = piece, *found;

		if (read_part(kernel, at, piece, ARM_PIECE + OVERLAP, &got,
			      err) < 0)
			return -1;
		while ((found = memmem(from, got - (size_t)(from - piece),
				       banner, sizeof(banner) - 1)) != NULL) {
			from = found + sizeof(banner) - 1;
			/* not the format of a message that has these words */
			if (from < piece + got && *from >= '0' &&
			    *from <= '9') {
				set_version(kernel, from,
					    got - (size_t)(from - piece));
				return 0;
			}
		}
	}
	return 0;
}

static int look_at_arm(struct kernel_image *kernel, const unsigned char *head,
		       struct err *err)
{
	uint64_t text_offset;

	kernel->machine = EM_AARCH64;
	memcpy(&text_offset, head + ARM_TEXT_OFFSET, sizeof(text_offset));
	kernel->text_offset = le64toh(text_offset);
	return find_arm_version(kernel, err);
}

static bool is_x86(const unsigned char *head, size_t len)
{
	return len == X86_HEAD && get16(head + X86_BOOT_FLAG) == 0xaa55 &&
	       memcmp(head + X86_MAGIC, "HdrS", 4) == 0;
}

static bool is_arm(const unsigned char *head, size_t len)
{
	return len >= KERNEL_HEAD &&
	       memcmp(head + ARM_MAGIC, "ARM\x64", 4) == 0;
}

/* What people give instead, and what to do. */
static const struct {
	const char *magic;
	size_t len;
	const char *words;
} strangers[] = {
	{ELFMAG, SELFMAG,
	 "an ELF file (vmlinux); the loader takes a bzImage (make bzImage) or "
	 "an aarch64 Image (make Image)"},
	{".eif", 4, "an enclave image; jailbake extract gives its kernel"},
	{"\x28\xb5\x2f\xfd", 4, "compressed by zstd; unpack it (zstd -d)"},
	{"\xfd"
	 "7zXZ",
	 5, "compressed by xz; unpack it (xz -d)"},
	{"MZ", 2,
	 "an EFI program that holds no kernel which an enclave could load; it "
	 "takes a bzImage or an aarch64 Image"},
};

static int look(struct kernel_image *kernel, struct err *err)
{
	unsigned char head[X86_HEAD] = {0};
	size_t got;

	strcpy(kernel->version, "unknown");
	if (read_part(kernel, 0, head, sizeof(head), &got, err) < 0)
		return -1;
	if (is_x86(head, got))
		return look_at_x86(kernel, head, err);
	if (is_arm(head, got))
		return look_at_arm(kernel, head, err);
	for (size_t i = 0; i < sizeof(strangers) / sizeof(*strangers); i++)
		if (memcmp(head, strangers[i].magic, strangers[i].len) == 0)
			return refuse(kernel, strangers[i].words, err);
	return refuse(kernel,
		      "no kernel: neither a bzImage nor an aarch64 Image", err);
}

static int new_image(const char *name, struct kernel_image **out,
		     struct err *err)
{
	struct kernel_image *kernel = calloc(1, sizeof(*kernel));

	if (!kernel)
		return err_sys(err, ENOMEM, "%s", name);
	*out = kernel;
	kernel->fd = -1;
	kernel->name = strdup(name);
	return kernel->name ? 0 : err_sys(err, ENOMEM, "%s", name);
}

static int open_file(struct kernel_image *kernel, struct err *err)
{
	struct stat st;

	kernel->fd = open(kernel->name,
			  O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (kernel->fd < 0 || fstat(kernel->fd, &st) < 0)
		return err_sys_kind(err, ERR_INPUT, errno, "%s", kernel->name);
	if (!S_ISREG(st.st_mode))
		return refuse(kernel, "not a file", err);
	kernel->size = st.st_size;
	return 0;
}

static int unwrap(struct kernel_image *kernel, const char *spool,
		  struct err *err)
{
	int fd = -1;

	if (kernel_unwrap(kernel->fd, kernel->name, spool, &fd, &kernel->size,
			  &kernel->wrapping, err) < 0)
		return -1;
	if (fd < 0)
		return 0; /* it is not wrapped */
	close(kernel->fd);
	kernel->fd = fd;
	return 0;
}

int kernel_image_open(const char *path, const char *spool,
		      struct kernel_image **out, struct err *err)
{
	auto_of(kernel_image) struct kernel_image *kernel = NULL;

	if (new_image(path, &kernel, err) < 0 || open_file(kernel, err) < 0 ||
	    unwrap(kernel, spool, err) < 0 || look(kernel, err) < 0)
		return -1;
	*out = TAKE(kernel);
	return 0;
}

int kernel_image_part(int fd, const char *name, off_t offset, off_t size,
		      struct kernel_image **out, struct err *err)
{
	auto_of(kernel_image) struct kernel_image *kernel = NULL;

	if (new_image(name, &kernel, err) < 0)
		return -1;
	kernel->fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (kernel->fd < 0)
		return err_sys(err, errno, "%s", name);
	kernel->offset = offset;
	kernel->size = size;
	if (look(kernel, err) < 0)
		return -1;
	*out = TAKE(kernel);
	return 0;
}

void kernel_image_free(struct kernel_image *kernel)
{
	if (!kernel)
		return;
	if (kernel->fd >= 0)
		close(kernel->fd);
	free(kernel->name);
	free(kernel);
}

bool kernel_image_needs_fix(const struct kernel_image *kernel)
{
	return kernel->machine == EM_AARCH64 && kernel->text_offset == 0;
}

int kernel_image_head(const struct kernel_image *kernel, bool is_fixed,
		      unsigned char head[KERNEL_HEAD], struct err *err)
{
	uint64_t text_offset = htole64(KERNEL_TEXT_OFFSET);
	size_t got;

	if (read_part(kernel, 0, head, KERNEL_HEAD, &got, err) < 0)
		return -1;
	if (got < KERNEL_HEAD)
		return refuse(kernel, "became shorter while it was read", err);
	if (is_fixed)
		memcpy(head + ARM_TEXT_OFFSET, &text_offset,
		       sizeof(text_offset));
	return 0;
}
