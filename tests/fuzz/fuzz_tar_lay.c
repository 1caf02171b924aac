/*
 * fuzz_tar_lay: any bytes as the tar of a jail, mended first (mend_tar.h).
 *
 * What is accepted lies below the jail's directory, and becomes an archive of
 * just the size that was foretold.
 */
#include <assert.h>
#include <elf.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cpio.h"
#include "fdio.h"
#include "mend_tar.h"
#include "tar_lay.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define BELOW "/rootfs/jail"

static void check_paths(const struct tree *tree)
{
	for (size_t i = 0; i < tree->n; i++) {
		const struct node *node = tree->nodes[i];
		const char *path = node->path;

		assert(strcmp(path, "/") == 0 || strcmp(path, "/rootfs") == 0 ||
		       (strncmp(path, BELOW, strlen(BELOW)) == 0 &&
			(path[strlen(BELOW)] == '/' ||
			 path[strlen(BELOW)] == '\0')));
		assert(!strstr(path, "/../") && !strstr(path, "//"));
		if (node->type == NODE_HARDLINK)
			assert(tree_find(tree, node->target)->type ==
			       NODE_FILE);
	}
}

static void write_out(const struct tree *tree)
{
	static int nowhere = -1;
	auto_of(links) struct links *links = NULL;
	auto_of(sink) struct sink *sink = NULL;
	struct cpio cpio = {.tree = tree, .remedy = "", .without_root = true};
	struct sink_options options = {.name = "nowhere"};
	struct err err = {0};
	off_t size;

	if (nowhere < 0)
		nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
	options.fd = nowhere;
	if (links_find(tree, &links, &err) < 0)
		abort();
	cpio.links = links;
	if (cpio_check(&cpio, &size, &err) < 0)
		return; /* a name too long */
	if (sink_open(&options, &sink, &err) < 0 ||
	    cpio_put(&cpio, sink, &err) < 0)
		abort();
	assert(sink_offset(sink) == size);
}

static void lay(int fd)
{
	char path[64];
	const struct tar_lay_request request = {
		.path = path,
		.below = BELOW,
		.spool = "/tmp/fuzz",
		.machine = EM_X86_64,
	};
	auto_of(tree) struct tree *tree = tree_new();
	auto_of(tar_laid) struct tar_laid *laid = NULL;
	struct err err = {0};

	if (!tree)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (tar_lay(&request, tree, &laid, &err) < 0) {
		assert(err.kind == ERR_INPUT && err.msg[0]);
		return;
	}
	check_paths(tree);
	write_out(tree);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_close int fd = memfd_create("fuzz", MFD_CLOEXEC);
	auto_free uint8_t *tar = malloc(size + 1);

	if (!tar || fd < 0)
		abort();
	memcpy(tar, data, size);
	mend_tar(tar, size);
	if (fd_write_full(fd, tar, size) < 0)
		abort();
	lay(fd);
	return 0;
}
