/*
 * flips: which flipped bits of an image `jailbuild --verify` would not notice.
 *
 *	flips IMAGE <LIST
 *
 * Each line of the list is the offset of a byte and the number of a bit in it.
 * Those that the image still verifies with are printed; the file itself stays
 * as it is.  One process, since thousands are tried.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fdio.h"
#include "verify.h"

struct flips {
	unsigned char *data;
	size_t len;
	int fd; /* a copy in memory */
	char name[64]; /* of that */
	FILE *nowhere;
};

static int load(struct flips *flips, const char *path, struct err *err)
{
	FILE *image = fopen(path, "re");
	int error;

	if (!image)
		return err_sys(err, errno, "%s", path);
	error = fd_read_all(fileno(image), 1 << 30, (char **)&flips->data,
			    &flips->len);
	fclose(image);
	if (error < 0)
		return err_sys(err, -error, "%s", path);
	flips->fd = memfd_create("image", MFD_CLOEXEC);
	flips->nowhere = fopen("/dev/null", "we");
	if (flips->fd < 0 || !flips->nowhere)
		return err_sys(err, errno, "%s", path);
	snprintf(flips->name, sizeof(flips->name), "/proc/self/fd/%d",
		 flips->fd);
	error = fd_write_full(flips->fd, flips->data, flips->len);
	return error < 0 ? err_sys(err, -error, "%s", path) : 0;
}

static int put_byte(const struct flips *flips, size_t at, int mask,
		    struct err *err)
{
	unsigned char byte = flips->data[at] ^ (unsigned char)mask;

	if (pwrite(flips->fd, &byte, 1, (off_t)at) != 1)
		return err_sys(err, errno, "flip a bit");
	return 0;
}

static bool is_passed(const struct flips *flips)
{
	struct err refusal = {0};
	size_t n = 0;

	if (verify_image(flips->name, flips->nowhere, &n, &refusal) < 0)
		return false;
	return n == 0;
}

static int try_bit(const struct flips *flips, size_t at, unsigned long bit,
		   struct err *err)
{
	if (at >= flips->len || bit > 7)
		return err_set(err, ERR_USAGE, "%zu %lu: no bit of it", at,
			       bit);
	if (put_byte(flips, at, 1 << bit, err) < 0)
		return -1;
	if (is_passed(flips))
		printf("%zu %lu\n", at, bit);
	return put_byte(flips, at, 0, err);
}

static int try_all(const struct flips *flips, struct err *err)
{
	char line[64], *end;

	if (!is_passed(flips))
		return err_set(err, ERR_INPUT, "the image as it is fails");
	while (fgets(line, sizeof(line), stdin)) {
		size_t at = strtoul(line, &end, 10);

		if (try_bit(flips, at, strtoul(end, NULL, 10), err) < 0)
			return -1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct flips flips = {.fd = -1};
	struct err err = {0};

	if (argc != 2)
		err_set(&err, ERR_USAGE, "flips IMAGE <LIST");
	else if (load(&flips, argv[1], &err) == 0)
		try_all(&flips, &err);
	free(flips.data);
	if (err.kind == ERR_NONE)
		return 0;
	err_print("flips", &err);
	return 1;
}
