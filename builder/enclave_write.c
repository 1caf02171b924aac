#include "enclave_write.h"

#include <elf.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "cpio.h"
#include "eif_sign.h"
#include "eif_write.h"
#include "outfile.h"

struct ramdisk {
	struct cpio cpio;
	struct links *links;
	off_t size;
};

struct writing {
	const struct enclave_image *image;
	struct eif_writer *writer;
	struct ramdisk ramdisks[ENCLAVE_RAMDISKS];
};

static int measure_ramdisks(struct writing *writing, off_t *total,
			    struct err *err)
{
	for (size_t i = 0; i < ENCLAVE_RAMDISKS; i++) {
		struct ramdisk *ramdisk = &writing->ramdisks[i];
		const struct tree *tree = writing->image->plan->ramdisks[i];

		if (links_find(tree, &ramdisk->links, err) < 0)
			return -1;
		ramdisk->cpio = (struct cpio){
			.tree = tree,
			.links = ramdisk->links,
			.mtime = writing->image->mtime,
			.without_root = true,
			.remedy = "",
		};
		if (cpio_check(&ramdisk->cpio, &ramdisk->size, err) < 0)
			return err->kind == ERR_MANIFEST
				       ? err_reword(err, ERR_INPUT, "%s",
						    writing->image->output)
				       : -1;
		*total += ramdisk->size;
	}
	return 0;
}

static int put_kernel(const struct writing *writing, struct err *err)
{
	const struct kernel_image *kernel = writing->image->kernel;
	unsigned char head[KERNEL_HEAD];
	off_t left = kernel->size - KERNEL_HEAD, got;
	struct sink *sink;

	if (kernel_image_head(kernel, writing->image->is_fixed, head, err) <
		    0 ||
	    eif_begin(writing->writer, EIF_KERNEL, (uint64_t)kernel->size,
		      &sink, err) < 0 ||
	    sink_write(sink, head, sizeof(head), err) < 0)
		return -1;
	if (lseek(kernel->fd, kernel->offset + KERNEL_HEAD, SEEK_SET) < 0)
		return err_sys_kind(err, ERR_INPUT, errno, "%s", kernel->name);
	if (sink_copy(sink, kernel->fd, left, &got, err) < 0)
		return -1;
	if (got < 0)
		return err_sys_kind(err, ERR_INPUT, (int)-got, "read %s",
				    kernel->name);
	if (got < left)
		return err_set(err, ERR_INPUT,
			       "%s: became shorter while it was read",
			       kernel->name);
	return eif_end(writing->writer, err);
}

static int put_ramdisk(const struct writing *writing,
		       const struct ramdisk *ramdisk, struct err *err)
{
	struct sink *sink;

	if (eif_begin(writing->writer, EIF_RAMDISK, (uint64_t)ramdisk->size,
		      &sink, err) < 0 ||
	    cpio_put(&ramdisk->cpio, sink, err) < 0)
		return -1;
	return eif_end(writing->writer, err);
}

static int put_sections(const struct writing *writing, struct err *err)
{
	const struct enclave_image *image = writing->image;
	const struct enclave_plan *plan = image->plan;

	if (put_kernel(writing, err) < 0 ||
	    eif_put(writing->writer, EIF_CMDLINE, image->cmdline,
		    strlen(image->cmdline), err) < 0 ||
	    eif_put(writing->writer, EIF_METADATA, image->metadata,
		    strlen(image->metadata), err) < 0)
		return -1;
	for (size_t i = 0; i < ENCLAVE_RAMDISKS; i++)
		if (put_ramdisk(writing, &writing->ramdisks[i], err) < 0)
			return -1;
	if (tar_laid_check(plan->image, err) < 0)
		return -1;
	return plan->app ? tar_laid_check(plan->app, err) : 0;
}

static uint64_t mebibytes(uint64_t bytes)
{
	return (bytes + (1 << 20) - 1) >> 20;
}

/*
 * nitro-cli wants four times the file.  The root is a tmpfs of half the memory
 * that the kernel leaves (nine tenths, with its tables) beside itself and the
 * ramdisks, which are there until they are unpacked; what does not fit is cut
 * off in silence.  Hugepages of 2 MiB: an even number.
 */
static uint64_t advise(uint64_t file_size, uint64_t unpacked)
{
	uint64_t by_file = 4 * mebibytes(file_size);
	uint64_t by_root =
		mebibytes(2 * unpacked * 10 / 9) + mebibytes(file_size);
	uint64_t most = by_file > by_root ? by_file : by_root;

	return most < 64 ? 64 : (most + 1) / 2 * 2;
}

static int check_memory(const struct enclave_image *image, uint64_t file_size,
			struct enclave_result *result, struct err *err)
{
	result->memory = advise(file_size, enclave_plan_unpacked(image->plan));
	if (!image->memory || result->memory <= image->memory)
		return 0;
	return err_set(err, ERR_INPUT,
		       "%s: the enclave needs %" PRIu64
		       " MiB of memory, and --memory says %lu",
		       image->output, result->memory, image->memory);
}

static int put_all(struct writing *writing, struct outfile *file,
		   struct enclave_result *result, struct err *err)
{
	const struct enclave_image *image = writing->image;
	uint64_t size;
	struct eif_target target = {
		.fd = file->fd,
		.name = image->output,
		.flags = image->kernel->machine == EM_AARCH64 ? EIF_FLAG_AARCH64
							      : 0,
		.total = EIF_HEADER + image->kernel->size,
		.progress = image->progress,
		.context = image->context,
	};

	if (measure_ramdisks(writing, &target.total, err) < 0 ||
	    eif_writer_new(&target, &writing->writer, err) < 0 ||
	    put_sections(writing, err) < 0 ||
	    eif_measured(writing->writer, &result->pcrs, err) < 0)
		return -1;
	if (image->certificate &&
	    eif_sign(writing->writer, image->certificate, image->key,
		     &result->pcrs.all, err) < 0)
		return -1;
	if (eif_finish(writing->writer, &size, err) < 0)
		return -1;
	return check_memory(image, size, result, err);
}

int enclave_write(const struct enclave_image *image,
		  struct enclave_result *result, struct err *err)
{
	auto_of(outfile) struct outfile *file = NULL;
	struct writing writing = {.image = image};
	int status = -1;

	if (outfile_open(image->output, 0644, &file, err) == 0)
		status = put_all(&writing, file, result, err);
	eif_writer_free(writing.writer);
	for (size_t i = 0; i < ENCLAVE_RAMDISKS; i++)
		links_free(writing.ramdisks[i].links);
	return status < 0 ? -1 : outfile_commit(file, err);
}
