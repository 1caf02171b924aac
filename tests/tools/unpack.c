/*
 * unpack: unpack_image() and unpack_remove() for tests.
 *
 *	unpack HELPER IMAGE DIR [bytes|members|depth|ratio|seconds=N]...
 *	unpack --remove DIR
 *
 * IMAGE "-": standard input.  Prints "MEMBERS BYTES DIGEST"; the status of a
 * failure is its kind: 3 the image, 4 the host, 5 the system.
 */
#include "unpack.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int usage(void)
{
	fputs("usage: unpack HELPER IMAGE DIR [LIMIT=N]... | --remove DIR\n",
	      stderr);
	return 64;
}

static int open_dir(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		perror(path);
	return fd;
}

static int remove_all(const char *path)
{
	int fd = open_dir(path), status = fd < 0 ? -1 : unpack_remove(fd);

	if (status < 0)
		fprintf(stderr, "unpack: %s: %s\n", path, strerror(-status));
	return status < 0 ? 5 : 0;
}

static int set_limit(struct unpack_limits *limits, const char *text)
{
	const char *equals = strchr(text, '=');
	unsigned long long value = equals ? strtoull(equals + 1, NULL, 10) : 0;

	if (strncmp(text, "bytes=", 6) == 0)
		limits->bytes = value;
	else if (strncmp(text, "members=", 8) == 0)
		limits->members = value;
	else if (strncmp(text, "depth=", 6) == 0)
		limits->depth = (unsigned)value;
	else if (strncmp(text, "ratio=", 6) == 0)
		limits->ratio = (unsigned)value;
	else if (strncmp(text, "seconds=", 8) == 0)
		limits->seconds = (unsigned)value;
	else
		return -1;
	return 0;
}

int main(int argc, char **argv)
{
	struct unpack_job job = {0};
	struct unpack_result result;
	struct err err = {0};

	if (argc == 3 && strcmp(argv[1], "--remove") == 0)
		return remove_all(argv[2]);
	if (argc < 4)
		return usage();
	for (int i = 4; i < argc; i++)
		if (set_limit(&job.limits, argv[i]) < 0)
			return usage();
	job.helper = argv[1];
	job.name = strcmp(argv[2], "-") == 0 ? "stdin" : argv[2];
	job.image_fd = strcmp(argv[2], "-") == 0
			       ? STDIN_FILENO
			       : open(argv[2], O_RDONLY | O_CLOEXEC);
	job.dir_fd = open_dir(argv[3]);
	if (job.image_fd < 0 || job.dir_fd < 0)
		return 64;
	if (unpack_image(&job, &result, &err) < 0) {
		err_print("unpack", &err);
		return (int)err.kind;
	}
	printf("%llu %llu %s\n", (unsigned long long)result.members,
	       (unsigned long long)result.bytes, result.digest);
	return 0;
}
